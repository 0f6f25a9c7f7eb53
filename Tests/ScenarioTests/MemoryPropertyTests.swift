import Cgroups
import HostProc
import ProcText
import TestSupport
import Testing

/// What must hold between the memory files of any container on any host.
@Suite("meminfo, swaps and vmstat together")
struct MemoryPropertyTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func agreeWithEachOther(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let made = try RandomMemoryHost(&random)
        let reader = try made.host.reader(caller: made.caller)
        let meminfo = try fields(of: reader.read("proc/meminfo"))
        func kibibytes(_ label: String) throws -> UInt64 { try #require(meminfo[label], "\(label) is missing") }

        #expect(try kibibytes("Active") == kibibytes("Active(anon)") + kibibytes("Active(file)"))
        #expect(try kibibytes("Inactive") == kibibytes("Inactive(anon)") + kibibytes("Inactive(file)"))
        #expect(try kibibytes("Slab") == kibibytes("SReclaimable") + kibibytes("SUnreclaim"))
        #expect(try kibibytes("KReclaimable") == kibibytes("SReclaimable"))
        #expect(try kibibytes("MemFree") <= kibibytes("MemAvailable"))
        #expect(try kibibytes("MemAvailable") <= kibibytes("MemTotal"))
        #expect(try kibibytes("MemTotal") <= made.hostTotal)
        #expect(try kibibytes("SwapFree") <= kibibytes("SwapTotal"))
        #expect(try kibibytes("SwapTotal") <= made.hostSwapTotal)
        #expect(try kibibytes("HugePages_Free") <= kibibytes("HugePages_Total"))
        #expect(try kibibytes("CommitLimit") <= made.hostTotal + made.hostSwapTotal)
        for (label, value) in meminfo where label != "VmallocTotal" && !label.hasPrefix("Huge") {
            #expect(value <= 3 * (made.hostTotal + made.hostSwapTotal), "\(label)")
        }

        let swaps = try reader.read("proc/swaps").split(separator: "\n")
        let columns = swaps.count > 1 ? swaps[1].split(whereSeparator: \.isWhitespace).map(String.init) : ["", "", "0", "0"]
        #expect(UInt64(columns[2]) == (try kibibytes("SwapTotal")))
        #expect(UInt64(columns[3]) == (try kibibytes("SwapTotal") - kibibytes("SwapFree")))

        let vmstat = try fields(of: reader.read("proc/vmstat"))
        for (key, label) in [
            "nr_free_pages": "MemFree", "nr_anon_pages": "AnonPages", "nr_active_file": "Active(file)", "nr_dirty": "Dirty",
        ] {
            #expect(try #require(vmstat[key]) == kibibytes(label) / 4)
        }
        #expect(Set(vmstat.keys) == made.vmstatKeys)
        #expect(HostMeminfo(InputText(try reader.read("proc/meminfo")))?.total ?? 0 == (try kibibytes("MemTotal")) * 1024)
    }

    /// The numbers by label; every line must be one label and one number, as the kernel's are.
    private func fields(of text: String) throws -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let value = try #require(words.count > 1 ? UInt64(words[1]) : nil, "no number in '\(line)'")
            result[words[0].hasSuffix(":") ? String(words[0].dropLast()) : String(words[0])] = value
        }
        return result
    }
}

/// A host with random capacity and one container with random limits and uses, some of them impossible.
private struct RandomMemoryHost {
    let host: FixtureHost
    let caller: String
    /// KiB.
    let hostTotal: UInt64
    let hostSwapTotal: UInt64
    let vmstatKeys: Set<String> = [
        "nr_free_pages", "nr_anon_pages", "nr_active_file", "nr_dirty", "pgfault", "nr_unknown_to_us", "workingset_refault_anon",
    ]

    init(_ random: inout SeededGenerator) throws {
        host = try FixtureHost()
        hostTotal = random.number(bits: 44) + 1024
        hostSwapTotal = random.oneIn(4) ? 0 : random.number(bits: 44)
        try host.write("proc/meminfo", RandomMemoryHost.meminfo(hostTotal, hostSwapTotal, &random))
        try host.write("proc/vmstat", vmstatKeys.sorted().map { "\($0) \(random.next())\n" }.joined())
        if random.oneIn(2) {
            caller = "0::/a/b/c\n"
            try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
            try host.write("sys/fs/cgroup/cgroup.controllers", "memory\n")
            for level in ["a", "a/b", "a/b/c"] {
                try RandomMemoryHost.writeV2("sys/fs/cgroup/" + level, host, &random)
            }
        } else {
            caller = "4:memory:/a/b\n"
            try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
            for level in ["", "a", "a/b"] { try RandomMemoryHost.writeV1("sys/fs/cgroup/memory/" + level, host, &random) }
        }
    }

    private static func meminfo(_ total: UInt64, _ swap: UInt64, _ random: inout SeededGenerator) -> String {
        var text = "MemTotal: \(total) kB\nSwapTotal: \(swap) kB\nSwapFree: \(swap) kB\n"
        let ratio = UInt64.random(in: 0...100, using: &random)
        text += "CommitLimit: \((total / 100) * ratio + swap) kB\n"
        let huge = random.oneIn(2) ? 0 : UInt64.random(in: 0...total / 2048, using: &random)
        text += "HugePages_Total: \(huge)\nHugePages_Free: \(huge / 2)\nHugepagesize: 2048 kB\nHugetlb: \(huge * 2048) kB\n"
        for label in [
            "MemFree", "MemAvailable", "Active", "Active(anon)", "Active(file)", "Inactive", "Inactive(anon)", "Inactive(file)", "Slab",
            "SReclaimable", "SUnreclaim", "KReclaimable", "AnonPages", "Dirty", "Cached", "SwapCached", "Committed_AS", "VmallocTotal",
            "New",
        ] { text += "\(label): \(random.next()) kB\n" }
        return text
    }

    private static func number(_ random: inout SeededGenerator) -> UInt64 {
        random.oneIn(8) ? random.number() : random.number(bits: 40) & ~4095
    }

    private static func writeV2(_ folder: String, _ host: FixtureHost, _ random: inout SeededGenerator) throws {
        try host.makeFolder(folder)
        for file in ["memory.max", "memory.swap.max"] where !random.oneIn(4) {
            try host.write(folder + "/" + file, random.oneIn(3) ? "max\n" : "\(number(&random))\n")
        }
        for file in ["memory.current", "memory.swap.current"] where !random.oneIn(4) {
            try host.write(folder + "/" + file, "\(number(&random))\n")
        }
        var text = ""
        for key in MemoryStatisticsKey.allCases where !random.oneIn(5) { text += "\(key.name) \(number(&random))\n" }
        try host.write(folder + "/memory.stat", String(text.dropLast(Int(random.number(bits: 8)))))
    }

    private static func writeV1(_ folder: String, _ host: FixtureHost, _ random: inout SeededGenerator) throws {
        try host.makeFolder(folder)
        for file in ["limit_in_bytes", "memsw.limit_in_bytes"] {
            try host.write(folder + "/memory." + file, random.oneIn(3) ? "9223372036854771712\n" : "\(number(&random))\n")
        }
        for file in ["usage_in_bytes", "memsw.usage_in_bytes", "kmem.usage_in_bytes"] where !random.oneIn(4) {
            try host.write(folder + "/memory." + file, "\(number(&random))\n")
        }
        try host.write(folder + "/memory.swappiness", "\(random.oneIn(3) ? 0 : 60)\n")
        var text = ""
        for key in ["cache", "rss", "shmem", "dirty", "swap", "active_anon", "inactive_anon", "active_file", "inactive_file", "pgfault"]
        where !random.oneIn(5) { text += "\(key) 5\ntotal_\(key) \(number(&random))\n" }
        try host.write(folder + "/memory.stat", text)
    }
}
