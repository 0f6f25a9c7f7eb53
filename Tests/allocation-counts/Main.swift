internal import CAllocationCounter
internal import Cgroups
internal import ContainerViews
internal import Glibc
internal import LinuxSystem
internal import ProcText
internal import TestSupport

/// Prints how often the heap is asked for memory when a file is rendered that was rendered before: `allocations path host`, one line for each file.
///
///     allocation-counts self            a program that allocates a known number of times: whether the counter counts
///     allocation-counts live            this machine, for the container that this process is in
///     allocation-counts FILE.scenario   the made-up host of a scenario file
///
/// A program of its own, and not a part of the test bundle, because what it says of optimised code matters and tests are built without.
/// With ALLOCATION_TRACE=PATH it prints where the allocations of that file come from.
@main
enum AllocationCounts {
    static func main() throws {
        for argument in CommandLine.arguments.dropFirst() {
            switch argument {
            case "self": print(allocations { keep([UInt8](repeating: 1, count: 100)) }, "known", "self")
            case "live": try live()
            default: try scenario(argument)
            }
        }
    }

    private static func live() throws {
        let host = try HostFilesystem()
        var text = InputText(capacity: 65536)
        try host.proc.read("self/mountinfo", into: &text)
        let layout = CgroupLayout(host, mounts: MountTable(text))
        try host.proc.read("self/cgroup", into: &text)
        let membership = CgroupMembership(text, layout: layout)
        let container = try ContainerScope(layout: layout, membership: membership, name: "/", startedAt: Clock.boottime)
        guard !container.isHost else { throw NotInAContainer() }
        measure(FixtureReader(container, RenderContext(host, settings: ViewSettings())), host: "live") { Clock.boottime }
    }

    private static func scenario(_ file: String) throws {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let scenario = try Scenario(file: name, in: String(file.dropLast(name.count + 1)))
        let host = try FixtureHost()
        let reader = try scenario.reader(on: host) { _, text in text }
        let start = reader.context.now
        var renders: UInt64 = 0
        measure(reader, host: scenario.name) {
            renders += 1
            return start.saturatingAdd(renders.saturatingMultiply(20_000_000))
        }
        // The files go with it.
        withExtendedLifetime(host) {}
    }

    /// Renders every file that this host has four times, a little later each time, and counts the fourth.
    private static func measure(_ reader: FixtureReader, host: String, now: () -> UInt64) {
        let traced = getenv("ALLOCATION_TRACE").map { String(cString: $0) }
        for path in ViewTable.files + folderFiles {
            guard let view = ViewTable.view(at: path) else { continue }
            var count: UInt64 = 0
            var isThere = true
            for turn in 0..<4 {
                reader.context.output.removeAll()
                reader.context.now = now()
                if turn == 3, traced == path { callocationcounter_trace(20) }
                count = allocations { isThere = (try? view.render(for: reader.container, in: &reader.context)) != nil && isThere }
                callocationcounter_trace(0)
            }
            if isThere { print(count, path, host) }
        }
    }

    private static let folderFiles = [
        "sys/devices/system/cpu/cpu0/online", "sys/devices/system/cpu/cpu0/topology/core_cpus_list",
        "sys/devices/system/cpu/cpu0/topology/thread_siblings", "sys/devices/system/cpu/cpu0/cache/index0/size",
        "sys/devices/system/node/node0/cpulist", "sys/devices/system/node/node0/distance", "sys/devices/system/node/node0/meminfo",
    ]

    private static func allocations(_ body: () -> Void) -> UInt64 {
        let before = callocationcounter_of_this_thread()
        body()
        return callocationcounter_of_this_thread() - before
    }

    /// Makes the optimiser believe that the array is needed.
    @inline(never) private static func keep(_ bytes: [UInt8]) { kept = bytes }
    nonisolated(unsafe) private static var kept: [UInt8] = []
}

/// A live count is about a container.
struct NotInAContainer: Error {}
