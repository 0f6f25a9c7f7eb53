import Glibc
import TestContainers
import Testing

/// The service as systemd runs it: started once, then everything happens to it that happens to services, while a container reads without
/// pause. In the order in which they stand here.
@Suite(
    "lxcfs.service", .serialized,
    .enabled(if: Service.isUsable, "needs systemd as pid 1 of a machine that may be changed: Tests/run-in-vm --systemd"),
    .timeLimit(.minutes(10)))
struct ServiceTests {
    private static let memory: UInt64 = 192 << 20

    /// What lives through all tests. They run one after the other.
    private final class Shared {
        let container: TestContainer
        let reader: EndlessReader
        /// How often the reader had read everything when the present test began.
        var roundsBefore = 0

        init() throws {
            let cpu = Machine.cpus[0]
            container = try TestContainer(Limits(memory: memory, cpuset: "\(cpu)"), mountPoint: Service.mountPoint)
            reader = try EndlessReader(in: container, memory: memory, cpu: cpu)
        }
    }
    nonisolated(unsafe) private static var shared: Shared?

    /// The reader, which has nothing to complain of until now.
    private func reader() throws -> EndlessReader {
        let shared = try #require(ServiceTests.shared, "the service did not start")
        try #require(shared.reader.complaints.isEmpty, "\(shared.reader.complaints)")
        shared.roundsBefore = shared.reader.rounds
        return shared.reader
    }

    /// That everybody is served: as it should be after each event.
    private func expectService(
        _ reader: EndlessReader, restarts: Int, after event: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let goesOn = reader.goesOn()
        #expect(goesOn, "the reader hangs\n\(Service.story)", sourceLocation: sourceLocation)
        #expect(reader.complaints == [], "\(Service.story)", sourceLocation: sourceLocation)
        print("\(event): no read took longer than \(reader.longestPause(from: ServiceTests.shared?.roundsBefore ?? 0)) ms")
        #expect(Machine.wait(20) { Service.isActive }, "\(Service.story)", sourceLocation: sourceLocation)
        #expect(LXCFSProcess.isServing(Service.mountPoint), sourceLocation: sourceLocation)
        #expect(Service.restarts == restarts, "\(Service.story)", sourceLocation: sourceLocation)
        // A container that begins now is served as those from before are.
        let late = try? TestContainer(Limits(memory: 64 << 20), mountPoint: Service.mountPoint).read("/proc/meminfo")
        #expect(late.flatMap { Machine.field("MemTotal", of: $0) } == 65536, sourceLocation: sourceLocation)
    }

    @Test func theUnitStarts() throws {
        try Service.install()
        let result = try Service.systemctl("start")
        try #require(result.succeeded, "\(result)\n\(Service.story)")
        #expect(Service.isActive)
        #expect(Service.property("StatusText") != "")
        #expect(LXCFSProcess.isServing(Service.mountPoint))
        ServiceTests.shared = try Shared()
        expectService(try reader(), restarts: 0, after: "start")
    }

    @Test func theMountIsTheHosts() throws {
        _ = try reader()
        // No setting of the unit gives it a mount namespace of its own, in which nobody would see what it mounts.
        for process in [Service.keeper, Service.worker] {
            let own = try Command.run(["readlink", "/proc/\(process)/ns/mnt"]).output
            #expect(try own == Command.run(["readlink", "/proc/1/ns/mnt"]).output)
        }
    }

    @Test func theUnitTakesNothingAwayThatAttachingNeeds() throws {
        _ = try reader()
        for namespaces in [ContainerNamespaces.own, .ownWithUsers] {
            let container = try TestContainer(Limits(memory: 64 << 20), mountPoint: Service.mountPoint, namespaces: namespaces, script: "")
            for (method, memory) in [("Attach", UInt64(65536)), ("Detach", Machine.memory / 1024)] {
                let call = "{\"method\":\"io.lxcfs.Control.\(method)\",\"parameters\":{\"pid\":\(container.pid)}}"
                let reply = try ControlSocket.call(Array(call.utf8), at: "/run/lxcfs/control.sock")
                let text = String(decoding: reply, as: UTF8.self)
                #expect(!text.contains("\"error\"") && !text.contains("failed"), "\(text)")
                #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == memory, "\(text)")
            }
        }
    }

    @Test func theUnitTakesNothingAwayThatTheViewsNeed() throws {
        _ = try reader()
        let container = try TestContainer(Limits(memory: 64 << 20), mountPoint: Service.mountPoint)
        let everything = """
            import os, sys
            for folder in ['/proc', '/sys']:
                for place, _, names in os.walk(sys.argv[1] + folder):
                    for name in names:
                        fd = os.open(os.path.join(place, name), os.O_RDONLY)
                        while os.read(fd, 65536): pass
                        os.close(fd)
            """
        _ = try container.python(everything, [Service.mountPoint])
        // Both the init of a pid namespace and its start time must be found.
        let uptimes = try [container.read("/proc/uptime"), #require(Machine.read("/proc/uptime"))].map {
            Machine.words($0).first.flatMap(Double.init)
        }
        let (own, hosts) = try (#require(uptimes[0]), #require(uptimes[1]))
        #expect(own < hosts - 3)
        // Who fails falls back on other numbers, and says so.
        let journal = try Command.run(["journalctl", "--no-pager", "--output", "cat", "--unit", Service.unit]).output
        #expect(journal.contains(" info lxcfs: "), "\(journal)")
        #expect(journal.split(separator: "\n").filter { $0.contains(" error lxcfs: ") || $0.contains(" warning lxcfs: ") } == [])
    }

    @Test func theStoreHoldsTheConnection() throws {
        _ = try reader()
        #expect((Int(Service.property("NFileDescriptorStore")) ?? 0) >= 2, "\(Service.story)")
    }

    @Test func aReloadIsNotNoticed() throws {
        let reader = try reader()
        let (keeper, worker) = (Service.keeper, Service.worker)
        let result = try Service.systemctl("reload")
        #expect(result.succeeded, "\(result)")
        #expect(Machine.wait(20) { ![0, worker].contains(Service.worker) }, "\(Service.story)")
        expectService(reader, restarts: 0, after: "reload")
        #expect(Service.keeper == keeper)
    }

    @Test func aRestartIsNotNoticed() throws {
        let reader = try reader()
        let keeper = Service.keeper
        let result = try Service.systemctl("restart")
        #expect(result.succeeded, "\(result)\n\(Service.story)")
        #expect(Service.keeper != keeper)
        expectService(reader, restarts: 0, after: "restart")
    }

    @Test func aRestartDuringAReloadIsNotNoticed() throws {
        let reader = try reader()
        _ = try Command.run(["systemctl", "reload", "--no-block", Service.unit])
        let result = try Service.systemctl("restart")
        #expect(result.succeeded, "\(result)\n\(Service.story)")
        expectService(reader, restarts: 0, after: "restart during a reload")
    }

    @Test func aKilledWorkerIsNotNoticed() throws {
        let reader = try reader()
        let (keeper, worker) = (Service.keeper, Service.worker)
        try #require(worker > 0)
        kill(worker, SIGKILL)
        #expect(Machine.wait(20) { ![0, worker].contains(Service.worker) }, "\(Service.story)")
        expectService(reader, restarts: 0, after: "worker killed")
        #expect(Service.keeper == keeper)
    }

    @Test func aKilledKeeperIsNotNoticed() throws {
        let reader = try reader()
        let keeper = Service.keeper
        try #require(keeper > 0)
        kill(keeper, SIGKILL)
        #expect(Machine.wait(20) { ![0, keeper].contains(Service.keeper) && Service.isActive }, "\(Service.story)")
        expectService(reader, restarts: 1, after: "keeper killed")
    }

    @Test func bothKilledAtOnceIsNotNoticed() throws {
        let reader = try reader()
        let (keeper, worker) = (Service.keeper, Service.worker)
        try #require(keeper > 0 && worker > 0)
        kill(keeper, SIGKILL)
        kill(worker, SIGKILL)
        #expect(Machine.wait(20) { ![0, keeper].contains(Service.keeper) && Service.isActive }, "\(Service.story)")
        expectService(reader, restarts: 2, after: "both killed")
    }

    @Test func aSignalByHandIsNoReasonToUnmount() throws {
        // No stop was asked for: systemd starts it again.
        let reader = try reader()
        let keeper = Service.keeper
        try #require(keeper > 0)
        kill(keeper, SIGTERM)
        #expect(Machine.wait(20) { ![0, keeper].contains(Service.keeper) && Service.isActive }, "\(Service.story)")
        expectService(reader, restarts: 3, after: "SIGTERM by hand")
    }

    @Test func aHungKeeperIsReplaced() throws {
        let reader = try reader()
        let keeper = Service.keeper
        try #require(keeper > 0)
        kill(keeper, SIGSTOP)
        // The worker serves on meanwhile.
        let goesOn = reader.goesOn()
        #expect(goesOn)
        #expect(Machine.wait(30) { ![0, keeper].contains(Service.keeper) && Service.isActive }, "\(Service.story)")
        expectService(reader, restarts: 4, after: "keeper stopped")
    }

    @Test func aDaemonThatRefusesToStartIsWaitedFor() throws {
        let reader = try reader()
        try Service.setDropIn("refuses", "[Service]\nEnvironment=LXCFS_OPTIONS=--no-such-option\n")
        #expect(try !Service.systemctl("restart").succeeded)
        #expect(!Service.isActive)
        try Service.setDropIn("refuses", nil)
        #expect(Machine.wait(20) { Service.isActive }, "\(Service.story)")
        // Without another `systemctl start`; the readers have waited.
        expectService(reader, restarts: Service.restarts, after: "start refused")
    }

    /// Tests/runtimes/service, of which each line is a result here.
    @Test(.enabled(if: ["runc", "jq"].allSatisfy { Machine.program($0) != nil }, "not installed: apt-get install runc jq"))
    func containersOfRuntimesReadOn() throws {
        _ = try reader()
        let result = try Command.run(
            ["Tests/runtimes/service", "--build", LXCFSProcess.buildFolder, "runc"], environment: ["RUN_IN_VM=yes"], seconds: 240)
        for line in result.output.split(separator: "\n") where !line.hasPrefix("ok ") { Issue.record("\(line)") }
        #expect(result.succeeded && result.output.contains("ok runc stops"), "\(result)\n\(Service.story)")
    }

    @Test func aStopUnmounts() throws {
        let reader = try reader()
        #expect(reader.stop())
        #expect(reader.complaints == [])
        let result = try Service.systemctl("stop")
        #expect(result.succeeded, "\(result)")
        #expect(!LXCFSProcess.isMounted(Service.mountPoint), "\(Service.story)")
        #expect(Service.property("ActiveState") == "inactive")
        #expect(Service.property("NFileDescriptorStore") == "0")
    }

    @Test func aStopOfADeadDaemonUnmounts() throws {
        #expect(try Service.systemctl("start").succeeded, "\(Service.story)")
        #expect(LXCFSProcess.isServing(Service.mountPoint))
        kill(Service.keeper, SIGSTOP)
        _ = try Service.systemctl("stop")
        #expect(!LXCFSProcess.isMounted(Service.mountPoint), "\(Service.story)")
        // What a predecessor left does not hinder a start.
        #expect(try Service.systemctl("start").succeeded, "\(Service.story)")
        #expect(LXCFSProcess.isServing(Service.mountPoint))
        #expect(try Service.systemctl("stop").succeeded)
        #expect(!LXCFSProcess.isMounted(Service.mountPoint))
        ServiceTests.shared?.container.stop()
        ServiceTests.shared = nil
    }
    @Test func aSocketUnitHandsTheControlSocketOver() throws {
        try Service.installSocket()
        #expect(try Command.run(["systemctl", "start", "lxcfs.socket"]).succeeded)
        #expect(!Service.isActive)
        // The first call starts the daemon, and is answered.
        let question = Array(#"{"method":"org.varlink.service.GetInfo"}"#.utf8)
        func isAnswered() throws -> Bool {
            try String(decoding: ControlSocket.call(question, at: "/run/lxcfs/control.sock"), as: UTF8.self).contains("io.lxcfs.Control")
        }
        #expect(try isAnswered(), "\(Service.story)")
        #expect(Machine.wait(20) { Service.isActive }, "\(Service.story)")
        // The socket is systemd's: a restart leaves it where it is.
        let socket = Machine.inode("/run/lxcfs/control.sock")
        #expect(try Service.systemctl("restart").succeeded, "\(Service.story)")
        #expect(try isAnswered(), "\(Service.story)")
        #expect(Machine.inode("/run/lxcfs/control.sock") == socket)
        #expect(try Command.run(["systemctl", "stop", "lxcfs.socket", "lxcfs.service"]).succeeded, "\(Service.story)")
        #expect(!LXCFSProcess.isMounted(Service.mountPoint))
    }
}
