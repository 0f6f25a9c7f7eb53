import Cgroups
import LinuxSystem
import ProcText
import Synchronization
import TestSupport
import Testing

@testable import ContainerViews
@testable import LXCFSDaemon

@Suite("Containers over the death of a worker")
struct ScopeSuccessionTests {
    private let fixture: FixtureHost
    private let bench: StateBench

    init() throws {
        fixture = try FixtureHost()
        bench = try StateBench()
        try fixture.write("proc/self/ns/pid", "")
        try fixture.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n")
        try fixture.write("sys/fs/cgroup/cgroup.controllers", "cpu\n")
        try fixture.write("sys/fs/cgroup/web/cgroup.procs", "700\n800\n")
        try process(700, startedAtTick: 50, cgroup: "/web")
        try process(800, startedAtTick: 90, cgroup: "/web")
    }

    private func process(_ pid: Int, startedAtTick tick: Int, cgroup: String) throws {
        try fixture.write("proc/\(pid)/ns/pid", "")
        try fixture.write("proc/\(pid)/cgroup", "0::\(cgroup)\n")
        try fixture.write("proc/\(pid)/stat", "\(pid) (a b) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 \(tick) 1000 200\n")
    }

    private func resolver(_ worker: WorkerMemory) throws -> ScopeResolver {
        try ScopeResolver(HostFilesystem(fixture: fixture.root), layout: fixture.layout(), records: worker.containers)
    }

    /// Shows the container that it ran for one second on CPU 0, and counts its load.
    private func show(_ scope: ContainerScope) {
        scope.cpuTimes.withLock { history in
            let reading = CPUReading(now: 2_000_000_000, startedAt: 0, usage: CPUUsage(user: 1_000_000_000))
            history.fold(reading, cpus: CPUSet(0..<1), perCPU: [])
            var words: [UInt64] = []
            scope.checkpoint(history, &words)
        }
    }

    @Test func aContainerIsAsOldAsItWasAndGoesOnWithItsCounters() throws {
        let old = try #require(try resolver(bench.running()).scope(ofProcess: 700))
        #expect(old.startedAt == 500_000_000)
        show(old)
        // Its oldest process has ended.
        try fixture.write("sys/fs/cgroup/web/cgroup.procs", "800\n")
        let new = try #require(try resolver(bench.running()).scope(ofProcess: 800))
        #expect(new.startedAt == 500_000_000)
        #expect(new.cpuTimes.withLock { $0.cpus } == old.cpuTimes.withLock { $0.cpus })
        #expect(new.cpuTimes.withLock { $0.cpus.count } == 1)
    }

    @Test func aContainerThatIsForgottenBecauseDescriptorsAreShortGoesOn() throws {
        let resolver = try resolver(bench.running())
        let before = try #require(resolver.scope(ofProcess: 700))
        show(before)
        resolver.makeRoom()
        let after = try #require(resolver.scope(ofProcess: 700))
        #expect(after !== before)
        #expect(after.cpuTimes.withLock { $0.cpus } == before.cpuTimes.withLock { $0.cpus })
    }

    @Test func theRecordOfAContainerThatIsGoneIsFreed() throws {
        let worker = bench.running()
        let resolver = try resolver(worker)
        show(try #require(resolver.scope(ofProcess: 700)))
        resolver.sweep()
        #expect(worker.containers.count == 1)
        fixture.remove("sys/fs/cgroup/web/cgroup.procs")
        resolver.sweep()
        #expect(worker.containers.count == 0)
        #expect(bench.running().containers.count == 0)
    }
}
