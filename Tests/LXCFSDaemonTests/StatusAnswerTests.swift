import LXCFSControl
import LinuxSystem
import Synchronization
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("GetStatus")
struct StatusAnswerTests {
    private let bench: ControlBench

    init() throws {
        bench = try ControlBench()
    }

    private func status() throws -> GetStatus.Reply { try bench.call(GetStatus.self, Nothing()) }

    private func problems() throws -> [String] { try status().problems.map(\.text) }

    @Test func tellsWhatTheDaemonIs() throws {
        let status = try status()
        #expect(status.version == Version.current && status.build.contains("Swift"))
        #expect(status.generation == 1 && status.crashes == 0 && status.virtualization)
        #expect(status.reload == Reloaded(outcome: .none, count: 0))
        #expect(
            status.hierarchies == [
                Hierarchy(version: 2, mountPoint: "/sys/fs/cgroup", controllers: ["cpuset", "cpu", "hugetlb", "io", "memory", "pids"])
            ])
        #expect(abs(status.startedAt - Clock.realtimeMilliseconds) < 600_000)
        #expect(
            Set(status.files.map(\.file)).isSuperset(of: ["proc/meminfo", "proc/pressure/cpu", "sys/devices/system/cpu/online", "other"]))
        #expect(status.files.allSatisfy { $0.reads == 0 && $0.p50Nanoseconds == nil })
    }

    @Test func isHealthyWithItsMountAndItsKeeper() throws {
        let status = try status()
        #expect(status.problems == [])
        #expect(status.health == .healthy)
        #expect(status.mount == MountPoint(path: "/mnt/lxcfs", device: "0:52", isAlive: true, isShared: true))
    }

    @Test func tellsOfTheCgroupTree() throws {
        #expect(try status().cgroupTree == CgroupTreeStatus(bench.parts.cgroupTree))
        #expect(CgroupTreeStatus(.served(hierarchies: ["cpu,cpuacct"])) == CgroupTreeStatus(state: .served, hierarchies: ["cpu,cpuacct"]))
        #expect(
            CgroupTreeStatus(.disabled) == CgroupTreeStatus(state: .disabled)
                && CgroupTreeStatus(.noHierarchies) == CgroupTreeStatus(state: .absent))
        #expect(
            CgroupTreeStatus(.impossible(reason: "CAP_SETUID is missing"))
                == CgroupTreeStatus(state: .impossible, reason: "CAP_SETUID is missing"))
    }

    @Test func countsReadsAndKnowsTheirLatencies() throws {
        try bench.makeContainer("/web", process: 700)
        for _ in 0..<3 { try bench.read("proc/meminfo", process: 700) }
        let status = try status()
        let line = try #require(status.files.first { $0.file == "proc/meminfo" })
        #expect(line.reads == 3 && line.errors == 0)
        #expect(try #require(line.p50Nanoseconds) <= #require(line.maxNanoseconds))
        #expect(status.reads == 3 && status.containers == 1)
    }

    @Test func saysWhenTheMountIsGone() throws {
        try bench.fixture.write("proc/self/mountinfo", ControlBench.mountInfo(""))
        let status = try status()
        #expect(status.health == .degraded && !status.mount.isAlive)
        let problem = try #require(status.problems.first { $0.text.contains("nothing is mounted at /mnt/lxcfs") })
        #expect(problem.remedy == bench.service.commands.restart)
        // Of this machine.
        #expect(problem.remedy.contains("systemctl") == ServiceCommands.hasSystemd)
    }

    @Test func saysWhatCoversTheMount() throws {
        let own = "31 20 0:52 / /mnt/lxcfs rw - fuse.lxcfs lxcfs rw\n"
        try bench.fixture.write("proc/self/mountinfo", ControlBench.mountInfo(own + "32 31 0:60 / /mnt/lxcfs rw - tmpfs tmpfs rw\n"))
        let status = try status()
        #expect(!status.mount.isAlive && !status.mount.isShared)
        #expect(status.problems.contains { $0.text.contains("tmpfs") && $0.remedy == "umount /mnt/lxcfs" })
    }

    @Test func findsTheMountBehindASymbolicLink() throws {
        try bench.fixture.write(
            "proc/self/mountinfo", ControlBench.mountInfo("31 20 0:52 / /real\\040place rw shared:2 - fuse.lxcfs lxcfs rw\n"))
        #expect(try status().mount == MountPoint(path: "/real place", device: "0:52", isAlive: true, isShared: true))
    }

    @Test func saysThatTheKeeperIsGone() throws {
        bench.state[.keeperPID] = 4_194_305
        let status = try status()
        #expect(status.problems.contains { $0.text.contains("keeper is gone") && $0.remedy.contains(bench.service.commands.takeOver) })
        #expect(!status.processes.contains { $0.role == .keeper })
    }

    @Test func saysWhyAReloadFailed() throws {
        bench.state[.reloadOutcome] = StateMemory.ReloadOutcome.failed.rawValue
        bench.state[.reloadedAt] = Clock.boottime
        bench.state.reloadReason = "worker 12: exited with status 1"
        let status = try status()
        #expect(status.reload.outcome == .failed && status.reload.reason == "worker 12: exited with status 1")
        #expect(status.problems.contains { $0.text.contains("exited with status 1") })
        bench.state[.reloadOutcome] = StateMemory.ReloadOutcome.succeeded.rawValue
        bench.state[.reloads] = 2
        bench.state[.reloadPause] = 1_234_567
        let next = try self.status()
        #expect(next.problems == [] && next.reload.count == 2 && next.reload.pauseMicroseconds == 1234 && next.reload.reason == nil)
    }

    @Test func saysThatVirtualizationIsOff() throws {
        bench.state.showsHost = true
        #expect(try status().virtualization == false)
        #expect(try problems().contains { $0.contains("virtualization is off") })
    }

    @Test func saysWhatWasRefusedUntilTheNextWorkerTakesOver() throws {
        bench.parts.memory.counters.add(.refusedRequests, 2)
        #expect(try status().refused == 2)
        #expect(try problems().contains { $0.hasPrefix("2 requests ended two workers") })
        let next = WorkerMemory(in: bench.state.worker)
        _ = next.takeOver()
        #expect(next.refusedBefore.load(ordering: .relaxed) == 2)
    }

    @Test func saysWhatWasServedInsteadOfAView() throws {
        try bench.makeContainer("/web", process: 700)
        try bench.read("proc/meminfo", process: 700)
        try bench.fixture.write("proc/meminfo", "garbage\n")
        try bench.read("proc/meminfo", process: 700)
        try bench.fixture.write("proc/meminfo", ControlBench.meminfo)
        let status = try status()
        #expect(status.fallbacks == 1)
        #expect(status.problems.contains { $0.text.contains("proc/meminfo") && $0.text.contains("/web") })
    }

    @Test func saysThatSwapIsNotCountedOnlyWhereThereIsSwap() throws {
        try bench.makeContainer("/web", process: 700)
        bench.fixture.remove("sys/fs/cgroup/web/memory.swap.current")
        let service = ControlService(bench.service.configuration, bench.state, bench.parts, bench.service.keeper, bench.service.logger)
        #expect(service.status().problems.contains { $0.text.contains("swap is not counted") && $0.remedy.contains("swapaccount=1") })
        try bench.fixture.write("proc/meminfo", "MemTotal: 4194304 kB\nSwapTotal: 0 kB\n")
        #expect(service.status().problems == [])
    }
}
