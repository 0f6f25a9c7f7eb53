import Cgroups
import LinuxSystem
import ProcText
import Synchronization
import TestSupport
import Testing

@testable import ContainerViews
@testable import LXCFSDaemon

/// What a container is shown by one worker after the other, where each is killed at any store of the memory they share.
@Suite("What a container was shown before its worker died")
struct SuccessionTests {
    private static let key = ContainerKey(cgroups: [(1, 1)], namespace: nil)

    /// The container as a worker has it that has just taken over.
    private func scope(in worker: WorkerMemory, _ fixture: FixtureHost, now: UInt64) throws -> ContainerScope {
        let layout = try fixture.layout()
        let record = ContainerRecord()
        let membership = CgroupMembership(InputText("0::/web\n"), layout: layout)
        let scope = try ContainerScope(layout: layout, membership: membership, name: "/web", startedAt: 0, accumulators: record)
        let kept = worker.containers.attach(record, to: Self.key, startedAt: 0)
        scope.restore(cpuTimes: kept.cpuTimes, load: kept.load, now: now)
        return scope
    }

    private func fixture() throws -> FixtureHost {
        let fixture = try FixtureHost()
        try fixture.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n")
        try fixture.write("sys/fs/cgroup/cgroup.controllers", "cpu cpuset pids\n")
        try fixture.write("sys/devices/system/cpu/online", "0-3\n")
        try fixture.write("proc/stat", "btime 1700000000\n")
        return fixture
    }

    private func set(_ fixture: FixtureHost, _ usage: UInt64, tasks: Int, cpus: String) throws {
        let text = "usage_usec \(usage)\nuser_usec \(usage / 2)\nsystem_usec \(usage - usage / 2)\nnr_periods 0\nthrottled_usec 0\n"
        try fixture.write("sys/fs/cgroup/web/cpu.stat", text)
        try fixture.write("sys/fs/cgroup/web/pids.current", "\(tasks)\n")
        try fixture.write("sys/fs/cgroup/web/cpuset.cpus.effective", cpus + "\n")
    }

    /// The counters of /proc/stat that must not go back: the columns of all CPUs together, and `processes`.
    private func counters(_ text: String) -> [UInt64] {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        let columns = lines.first?.dropFirst().compactMap { UInt64($0) } ?? []
        return columns + lines.filter { $0.first == "processes" }.compactMap { UInt64($0[1]) }
    }

    @Test(arguments: UInt64(1)...6) func noCounterEverGoesBackAndNothingIsCountedTwice(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try fixture()
        let bench = try StateBench()
        var worker = bench.running()
        var now: UInt64 = 100_000_000_000
        var usage: UInt64 = 50_000_000
        try set(fixture, usage, tasks: 9, cpus: "0-3")
        var reader = FixtureReader(
            try scope(in: worker, fixture, now: now), RenderContext(try HostFilesystem(fixture: fixture.root), settings: ViewSettings()))
        var last: [UInt64] = []
        for _ in 0..<25 {
            now += UInt64.random(in: 1...3_000_000_000, using: &random)
            usage += UInt64.random(in: 0...1_000_000, using: &random)
            try set(fixture, usage, tasks: Int.random(in: 1...30, using: &random), cpus: random.oneIn(3) ? "0-1" : "0-3")
            reader.context.now = now
            var result: Result<String, any Error>?
            let pictures = bench.pictures { result = Result { try reader.read("proc/stat") } }
            let shown = counters(try #require(try result?.get()))
            #expect(shown.count == 11 && zip(last, shown).allSatisfy { $0 <= $1 }, "\(last) \(shown)")
            // Killed while it rendered, or after the answer: then the last picture is what was shown.
            let died = random.oneIn(2) ? pictures.last : pictures.randomElement(using: &random)
            if died == pictures.last { last = shown }
            guard let died else { continue }
            bench.region.copy(died, to: 0)
            worker = bench.running()
            let context = RenderContext(try HostFilesystem(fixture: fixture.root), settings: ViewSettings())
            reader = FixtureReader(try scope(in: worker, fixture, now: now), context)
            reader.context.now = now
            let again = counters(try reader.read("proc/stat"))
            #expect(zip(last, again).allSatisfy { $0 <= $1 }, "\(last) \(again)")
            // User and system, in ticks of 10 ms: at most what the kernel counted.
            #expect(again[0] + again[2] <= usage / 10_000)
            last = again
        }
        #expect(last[0] + last[2] + 400 + 8 >= usage / 10_000, "no more than one second a CPU is still to come")
        #expect(worker.counters[.brokenEntries] == 0)
    }

    @Test func loadAveragesAreThereAndGoOn() throws {
        let fixture = try fixture()
        try set(fixture, 1000, tasks: 3, cpus: "0-3")
        let bench = try StateBench()
        let old = try scope(in: bench.running(), fixture, now: 0)
        let reader = FixtureReader(old, RenderContext(try HostFilesystem(fixture: fixture.root), settings: ViewSettings()))
        reader.context.now = 600_000_000_000
        reader.context.sampleLoad = { container in
            container.load.withLock { load in
                load.sample(LoadSample(running: 2, total: 3, newestPID: 8), now: 600_000_000_000, startedAt: 0)
                container.checkpoint(load)
            }
        }
        let shown = try reader.read("proc/loadavg")
        let new = try scope(in: bench.running(), fixture, now: 600_000_000_000)
        #expect(new.load.withLock { $0.isWatched(at: 700_000_000_000) })
        let successor = FixtureReader(new, RenderContext(try HostFilesystem(fixture: fixture.root), settings: ViewSettings()))
        successor.context.now = 601_000_000_000
        #expect(try successor.read("proc/loadavg") == shown)
    }
}
