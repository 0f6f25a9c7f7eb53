import LXCFSControl
import LinuxSystem
import Synchronization
import TestSupport
import Testing

@testable import ContainerViews
@testable import LXCFSDaemon

@Suite("ListContainers")
struct ContainersAnswerTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private let bench: ControlBench

    init() throws {
        bench = try ControlBench()
    }

    private func list() throws -> [Container] { try bench.call(ListContainers.self, Nothing()).containers }

    @Test func tellsTheNumbersThatTheContainerSees() throws {
        try bench.makeContainer("/docker/\(Self.id)", process: 700)
        let meminfo = try bench.read("proc/meminfo", process: 700)
        let container = try #require(list().first)
        #expect(container.id == Self.id && container.runtime == "docker" && container.name == "0123456789ab")
        #expect(container.cgroup == "/docker/\(Self.id)")
        #expect(container.memberships.map(\.path) == ["/docker/\(Self.id)"] && container.memberships[0].version == 2)
        #expect(container.cpus == "1-2" && container.cpuCount == 2 && container.cpuLimitMillis == 1500)
        #expect(container.cpuUsageMicroseconds == 2_500_000)
        #expect(container.memoryTotalBytes == 256 << 20 && container.isMemoryLimited)
        #expect(container.memoryUsageBytes == 64 << 20 && container.memoryAvailableBytes == 208 << 20)
        #expect(meminfo.contains("MemTotal:         262144 kB") && meminfo.contains("MemAvailable:     212992 kB"))
        #expect(container.swapTotalBytes == 1 << 30 && container.swapUsageBytes == 4096)
        #expect(container.tasks == 3 && container.reads == 1 && container.load1 == nil && container.initPid == nil)
        #expect(abs(container.lastReadAt - Clock.realtimeMilliseconds) < 600_000)
    }

    @Test func isInTheOrderOfTheCgroupsAndWithoutTheHost() throws {
        for (index, name) in ["/c", "/a", "/b"].enumerated() {
            try bench.makeContainer(name, process: 700 + index)
            try bench.read("proc/meminfo", process: Int32(700 + index))
        }
        #expect(try list().map(\.id) == ["/a", "/b", "/c"])
    }

    @Test func comesInPartsWhereThatIsWanted() throws {
        for index in 0..<150 {
            try bench.makeContainer("/c\(1000 + index)", process: 5000 + index)
            _ = bench.parts.resolver.scope(ofProcess: Int32(5000 + index))
        }
        let parts = try bench.replies(ListContainers.self, Nothing(), more: true)
        #expect(parts.map(\.reply.containers.count) == [64, 64, 22])
        #expect(parts.map(\.continues) == [true, true, false])
        #expect(parts.flatMap(\.reply.containers).map(\.id) == (0..<150).map { "/c\(1000 + $0)" })
        #expect(try list().count == 150)
    }

    @Test func isOneEmptyReplyWhereNobodyHasRead() throws {
        #expect(try list() == [])
        let parts = try bench.replies(ListContainers.self, Nothing(), more: true)
        #expect(parts.count == 1 && parts[0].reply.containers == [] && !parts[0].continues)
    }

    @Test func whatIsGoneIsLeftOutAndSpoilsNothing() throws {
        for name in ["/a", "/b"] {
            try bench.makeContainer(name, process: name == "/a" ? 700 : 701)
            try bench.read("proc/meminfo", process: name == "/a" ? 700 : 701)
        }
        bench.fixture.remove("sys/fs/cgroup/a/cgroup.procs")
        #expect(try list().map(\.id) == ["/b"])
    }

    @Test func showsTheContainersNothing() throws {
        try bench.makeContainer("/web", process: 700)
        let scope = try #require(bench.parts.resolver.scope(ofProcess: 700))
        for _ in 0..<3 { _ = try list() }
        #expect(scope.cpuTimes.withLock { $0.cpus.isEmpty })
        #expect(scope.load.withLock { $0.lastReadAt == nil && $0.last == nil })
        #expect(scope.reads.load(ordering: .relaxed) == 0)
        #expect(try list().first?.lastReadAt == 0)
    }

    @Test func aLimitAboveTheHostIsALimitOfTheHostsSize() throws {
        try bench.makeContainer("/web", process: 700, memory: 1 << 50)
        try bench.read("proc/meminfo", process: 700)
        let container = try #require(list().first)
        #expect(container.memoryTotalBytes == 4 << 30 && container.isMemoryLimited)
    }
}

@Suite("Events")
struct EventSourceTests {
    @Test func tellWhoIsSeenAndGoneAndWhatFellBack() throws {
        let bench = try ControlBench()
        let heard = EventList()
        bench.parts.events.listen { heard.append($0) }
        try bench.makeContainer("/lxc.payload.web", process: 700)
        for _ in 0..<3 { try bench.read("proc/meminfo", process: 700) }
        #expect(heard.all.map(\.kind) == [.seen] && heard.all[0].container == "web")
        try bench.fixture.write("proc/meminfo", "garbage\n")
        for _ in 0..<3 { try bench.read("proc/meminfo", process: 700) }
        #expect(heard.all.map(\.kind) == [.seen, .fallback])
        #expect(heard.all[1].file == "proc/meminfo" && heard.all[1].container == "web")
        bench.fixture.remove("sys/fs/cgroup/lxc.payload.web/cgroup.procs")
        bench.parts.resolver.sweep()
        #expect(heard.all.map(\.kind) == [.seen, .fallback, .gone] && heard.all[2].container == "web")
        bench.parts.events.listen(nil)
    }

    @Test func oneThatIsOnlyLookedAtIsNotSeen() throws {
        let bench = try ControlBench()
        let heard = EventList()
        bench.parts.events.listen { heard.append($0) }
        try bench.makeContainer("/web", process: 700)
        _ = try bench.call(Inspect.self, Inspect.Parameters(pid: 700, files: ["meminfo"]))
        #expect(heard.all == [] && bench.parts.resolver.known.isEmpty)
    }
}

/// What was posted.
private final class EventList: Sendable {
    private let events = Mutex<[Event]>([])

    var all: [Event] { events.withLock { $0 } }

    func append(_ event: Event) { events.withLock { $0.append(event) } }
}
