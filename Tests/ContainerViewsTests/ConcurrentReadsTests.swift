import ContainerViews
import LinuxSystem
import ProcText
import Synchronization
import TestSupport
import Testing

@Suite("Many readers of one container")
struct ConcurrentReadsTests {
    /// The columns of the `cpu` line, and whether they are the sum of the others.
    private static func total(_ text: [UInt8]) -> (columns: [UInt64], isSum: Bool) {
        var total: [UInt64] = []
        var sum = [UInt64](repeating: 0, count: 10)
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.hasPrefix("cpu") {
            let columns = line.split(separator: " ").dropFirst().compactMap { UInt64($0) }
            if total.isEmpty { total = columns } else { sum = zip(sum, columns).map(+) }
        }
        return (total, total == sum)
    }

    /// Reads /proc/stat again and again; returns the first that went back or did not add up.
    private static func read(_ container: ContainerScope, _ host: HostFilesystem, clock: borrowing Atomic<UInt64>) -> String? {
        var context = RenderContext(host, settings: ViewSettings())
        var last = [UInt64](repeating: 0, count: 10)
        for _ in 0..<400 {
            context.now = clock.add(3_000_000, ordering: .sequentiallyConsistent).newValue
            context.output.removeAll()
            do { try StatView().render(for: container, in: &context) } catch { return "\(error)" }
            let (columns, isSum) = total(context.output.bytes)
            if !isSum { return "no sum: " + String(decoding: context.output.bytes, as: UTF8.self) }
            if zip(last, columns).contains(where: >) { return "went back: \(last) \(columns)" }
            last = columns
        }
        return nil
    }

    private final class Clock: Sendable {
        let now = Atomic<UInt64>(10_000_000_000)
        let readers = Atomic<Int>(4)
    }

    @Test func noReaderSeesACounterGoBackWhileUseAndLimitsChange() async throws {
        let fixture = try FixtureHost()
        try fixture.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try fixture.write("sys/fs/cgroup/cgroup.controllers", "cpu\n")
        try fixture.write("sys/fs/cgroup/web/cpu.max", "200000 100000\n")
        try fixture.write("sys/fs/cgroup/web/cpu.stat", "user_usec 0\nsystem_usec 0\n")
        try fixture.write("sys/devices/system/cpu/online", "0-7\n")
        try fixture.write("proc/stat", "btime 1700000000\n")
        let container = try fixture.reader(caller: "0::/web\n").container
        let host = try HostFilesystem(fixture: fixture.root)
        let clock = Clock()
        let failures = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    defer { clock.readers.subtract(1, ordering: .sequentiallyConsistent) }
                    return Self.read(container, host, clock: clock.now)
                }
            }
            // Each write truncates first: readers see empty files, too.
            var step: UInt64 = 0
            while clock.readers.load(ordering: .sequentiallyConsistent) > 0 {
                step += 1
                let used = clock.now.load(ordering: .sequentiallyConsistent) / 1000
                try? fixture.write("sys/fs/cgroup/web/cpu.stat", "user_usec \(used)\nsystem_usec \(used / 3)\nthrottled_usec \(used / 5)\n")
                if step % 5 == 0 { try? fixture.write("sys/fs/cgroup/web/cpu.max", "\(100_000 * (1 + step % 7)) 100000\n") }
                await Task.yield()
            }
            var failures: [String] = []
            for await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
        #expect(failures.isEmpty)
        let busy = container.cpuTimes.withLock { $0.cpus.reduce(0) { $0 + $1.user } }
        #expect(busy > 0)
    }

    /// A thread that another one overtakes between its look at the clock and the container's CPUs: its idle time is the other's, so its time must be too.
    @Test func theIdleTimeOfAnotherThreadComesWithItsTime() throws {
        let fixture = try FixtureHost()
        try fixture.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try fixture.write("sys/fs/cgroup/cgroup.controllers", "cpu\n")
        try fixture.write("sys/fs/cgroup/web/cpu.max", "max 100000\n")
        try fixture.write("sys/fs/cgroup/web/cpu.stat", "user_usec 0\nsystem_usec 0\n")
        try fixture.write("sys/devices/system/cpu/online", "0-3\n")
        let container = try fixture.reader(caller: "0::/web\n").container
        var context = RenderContext(try HostFilesystem(fixture: fixture.root), settings: ViewSettings())
        var shown: [String] = []
        for seconds in [100, 99] as [UInt64] {
            context.now = container.startedAt + seconds * 1_000_000_000
            context.output.removeAll()
            try UptimeView().render(for: container, in: &context)
            shown.append(String(decoding: context.output.bytes, as: UTF8.self))
        }
        #expect(shown == ["100.00 400.00\n", "100.00 400.00\n"])
    }
}
