import TestContainers
import Testing

/// What it costs the heap to render a file that was rendered before: nothing. Counted by a program that is built as the daemon is shipped:
/// code that is not optimised allocates where this does not.
@Suite(
    "Allocations of a warm render",
    .enabled(if: Counts.isBuilt, "not built: swift build -c release --static-swift-stdlib --product allocation-counts"))
struct AllocationTests {
    @Test func areCountedAtAll() throws {
        let known = try Counts.of(["self"])
        #expect(known.map(\.allocations) == [1])
    }

    @Test(.enabled(if: !Machine.isVirtual, "the same on every machine"), arguments: Counts.scenarios)
    func areNoneOnAMadeUpHost(scenario: String) throws {
        let counts = try Counts.of([Counts.folder + "/" + scenario])
        #expect(!counts.isEmpty)
        #expect(counts.filter { $0.allocations > 0 } == [])
    }

    @Test(.enabled(if: !Machine.isVirtual, "the same on every machine"))
    func coverEveryFileThatIsReadOften() throws {
        // A host has the files that its scenario is about: together they have all that matter.
        let counts = try Counts.of(Counts.scenarios.map { Counts.folder + "/" + $0 })
        let paths = Set(counts.map(\.path))
        for file in ["cpuinfo", "diskstats", "loadavg", "meminfo", "pressure/cpu", "slabinfo", "stat", "swaps", "uptime", "vmstat"] {
            #expect(paths.contains("proc/" + file))
        }
        for file in ["cpu/online", "cpu/possible", "cpu/present", "node/online", "node/node0/meminfo", "node/node0/cpulist"] {
            #expect(paths.contains("sys/devices/system/" + file))
        }
    }

    @Test(.enabled(if: Machine.isRoot, "making a cgroup needs root")) func areNoneInARealContainer() throws {
        let group = try TestCgroup(Limits(memory: 256 << 20, cpus: 1))
        let counts = try Counts.parse(
            Command.run(["sh", "-c", TestContainer.joinScript(group) + "\nexec \"$0\" live", Counts.program]))
        #expect(counts.contains { $0.path == "proc/meminfo" } && counts.contains { $0.path == "proc/stat" })
        #expect(counts.filter { $0.allocations > 0 } == [])
    }
}

/// One line of what `allocation-counts` prints.
struct AllocationCount: Equatable, CustomTestStringConvertible {
    let allocations: Int
    let path: String
    let host: String

    var testDescription: String { "\(allocations) for \(path) of \(host)" }
}

/// The program that counts.
enum Counts {
    static let program = Machine.environment("LXCFS_ALLOCATION_COUNTS") ?? ".build/release/allocation-counts"
    static let isBuilt = Machine.exists(program)

    /// The made-up hosts that are used as they stand: all of them.
    static let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/ScenarioTests/Scenarios"
    static let scenarios = Machine.names(in: folder).filter { $0.hasSuffix(".scenario") }

    static func of(_ arguments: [String]) throws -> [AllocationCount] {
        try parse(Command.run([program] + arguments, seconds: 60))
    }

    static func parse(_ result: CommandResult) throws -> [AllocationCount] {
        guard result.succeeded else { throw BenchError("\(result)") }
        return try result.output.split(separator: "\n").map { line in
            let words = Machine.words(line)
            guard words.count == 3, let allocations = Int(words[0]) else { throw BenchError("not a count: \(line)") }
            return AllocationCount(allocations: allocations, path: words[1], host: words[2])
        }
    }
}
