import Cgroups
@testable import FUSE
import HostProc
import LinuxSystem
import ProcText
import TestSupport
import Testing

/// What comes from outside, or is in the hands of those inside a container (names of processes, cgroups and mounts): whatever it looks like, it is
/// refused or understood, and nothing traps. A failure names its seed.
@Suite("Input from outside")
struct OutsideInputTests {
    static let seeds: Range<UInt64> = 0..<2000

    @Test func mountinfoTellsEveryMountAsItWasWritten() {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let names = (0..<4).map { _ in "/" + random.text(of: "ab \t\n\\#-:,é/0134", upTo: 12) }
            let lines = names.enumerated().map { number, name in
                "\(number) 1 0:\(number) \(Self.escaped(name)) \(Self.escaped(name)) rw,nosuid shared:1 - cgroup2 \(Self.escaped(name)) rw,a=b\n"
            }
            let table = MountTable(InputText(lines.joined()))
            #expect(table.entries.map(\.mountPoint) == names, "seed \(seed)")
            #expect(table.entries.map(\.root) == names && table.entries.map(\.source) == names, "seed \(seed)")
            #expect(table.entries.allSatisfy { $0.type == "cgroup2" && $0.superOptions == ["rw", "a=b"] }, "seed \(seed)")
        }
    }

    @Test func damagedMountinfoHasNoMoreMountsThanLines() {
        let memory = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - cgroup /dev/root rw,memory\n"
        let whole = Array((memory + "37 1 0:5 / /sys/fs/cgroup rw - cgroup2 c rw\n").utf8)
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let bytes = random.oneIn(4) ? random.bytes(upTo: 300) : random.damaged(whole)
            let table = MountTable(InputText(bytes: bytes))
            #expect(table.entries.count <= bytes.split(separator: UInt8(ascii: "\n")).count, "seed \(seed)")
        }
    }

    @Test func theStateOfAProcessIsFoundBehindAnyName() {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let name = random.text(of: "ab() \n)SRD1 \\", upTo: 15)
            let start = random.number()
            let text = "4711 (\(name)) D 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 \(start) 1000 200\n"
            #expect(ProcessStat(InputText(text))?.state == UInt8(ascii: "D"), "seed \(seed)")
            #expect(ProcessStat(InputText(text))?.startTicks == start, "seed \(seed)")
            // Whatever is understood of a damaged line is one character and a number.
            let damaged = InputText(bytes: random.damaged(Array(text.utf8)))
            if let stat = ProcessStat(damaged) { #expect(stat.state != UInt8(ascii: " "), "seed \(seed)") }
            _ = damaged.innermostPID
            _ = CallerPersonality(damaged)
            _ = HostMeminfo(damaged)
        }
    }

    @Test func theCgroupsOfAProcessAreTakenAsTheyAre() throws {
        let host = try FixtureHost()
        try host.write("proc/self/mountinfo", "30 1 0:30 / /memory rw - cgroup c rw,memory\n31 1 0:31 / /v2 rw - cgroup2 c rw\n")
        try host.makeFolder("memory")
        try host.write("v2/cgroup.controllers", "cpu\n")
        let layout = try host.layout()
        try #require(layout.hierarchies.count == 2)
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let paths = (0..<2).map { _ in "/" + random.text(of: "ab:. -\\é", upTo: 20) }
            let text = "12:memory:\(paths[0])\n3:name=other:/x\n0::\(paths[1])\n"
            let membership = CgroupMembership(InputText(text), layout: layout)
            #expect(membership.paths.map { $0?.text } == paths, "seed \(seed)")
            let damaged = CgroupMembership(InputText(bytes: random.damaged(Array(text.utf8))), layout: layout)
            #expect(damaged.paths.count == 2, "seed \(seed)")
            for case let path? in damaged.removingInitScope.belonging(to: membership).paths {
                #expect(path.text.hasPrefix("/") && (path.isRoot || !path.text.hasSuffix("/")), "seed \(seed)")
                #expect(path.parent.map(path.isAtOrBelow) ?? path.isRoot, "seed \(seed)")
            }
        }
    }

    @Test func listsOfCPUsAreTheSetsThatTheySay() {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            var numbers: Set<Int> = []
            var parts: [String] = []
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let first = Int.random(in: 0...9000, using: &random)
                let last = first + Int.random(in: -2...70, using: &random)
                parts.append(last == first ? "\(first)" : "\(first)-\(max(0, last))")
                if first <= max(0, last) { numbers.formUnion((first...max(0, last)).filter { $0 <= CPUSet.largest }) }
            }
            let set = CPUSet(list: parts.joined(separator: ","))
            #expect(Array(set) == numbers.sorted() && set.count == numbers.count, "seed \(seed)")
            var printed = TextBuffer()
            printed.append(list: set)
            #expect(CPUSet(list: String(decoding: printed.bytes, as: UTF8.self)) == set, "seed \(seed)")
            var damaged = CPUSet()
            var scanner = ByteScanner(random.damaged(printed.bytes))
            damaged.formUnion(list: &scanner)
            damaged.keepFirst(3)
            damaged.formIntersection(set)
            #expect(damaged.count <= 3 && damaged.allSatisfy(set.contains), "seed \(seed)")
        }
    }

    @Test func anInitRequestIsAnsweredOrRefused() {
        let header: [UInt32] = [104, 26, 2, 0, 1, 0, 0, 0, 0, 0]
        let body: [UInt32] = [7, 39, 131_072, 0xffff_ffff] + [UInt32](repeating: 0, count: 12)
        let whole = (header + body).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
        var understood = 0
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            var bytes = random.oneIn(4) ? random.bytes(upTo: 200) : random.damaged(whole)
            // A length that is right for once, so that what follows it is looked at.
            if bytes.count >= 4, random.oneIn(2) {
                for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index)) }
            }
            guard let request = InitRequest(bytes) else { continue }
            understood += 1
            #expect(request.bytes == bytes, "seed \(seed)")
            #expect(request.answer.count == 80 && request.restricted.count == 104, "seed \(seed)")
        }
        #expect(understood > 0)
    }

    /// As the kernel's mangle() writes it.
    private static func escaped(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "): result += Array("\\040".utf8)
            case UInt8(ascii: "\t"): result += Array("\\011".utf8)
            case UInt8(ascii: "\n"): result += Array("\\012".utf8)
            case UInt8(ascii: "\\"): result += Array("\\134".utf8)
            case UInt8(ascii: "#"): result += Array("\\043".utf8)
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
