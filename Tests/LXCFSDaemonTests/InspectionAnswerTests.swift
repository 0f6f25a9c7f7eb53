import LXCFSControl
import LinuxSystem
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("Inspect")
struct InspectionAnswerTests {
    private static let one = "1111" + String(repeating: "0123456789ab", count: 5)
    private static let two = "1122" + String(repeating: "0123456789ab", count: 5)
    private let bench: ControlBench

    init() throws {
        bench = try ControlBench()
    }

    private func inspect(
        pid: Int64? = nil, _ container: String? = nil, files: [String]? = ["proc/meminfo"], from caller: ControlCaller = ControlBench.root
    ) throws -> Inspect.Reply {
        try bench.call(Inspect.self, Inspect.Parameters(pid: pid, container: container, files: files), from: caller)
    }

    /// The error that a call ends with.
    private func fault(_ body: () throws -> Inspect.Reply) -> ControlFault? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? ControlFault
        }
    }

    @Test func worksForAProcessThatHasNeverRead() throws {
        try bench.makeContainer("/web", process: 700)
        let reply = try inspect(pid: 700)
        #expect(reply.container.id == "/web" && reply.container.reads == 0)
        #expect(reply.rule == .own)
        #expect(reply.explanation == "Process 700 lives in the daemon's own pid namespace, so its own cgroups count: /web.")
        #expect(reply.views.map(\.file) == ["proc/meminfo"])
        #expect(reply.views[0].container?.hasPrefix("MemTotal:         262144 kB\n") == true)
        #expect(reply.views[0].host == ControlBench.meminfo)
        #expect(bench.parts.resolver.known.isEmpty, "nobody has read")
    }

    @Test func aProcessInTheRootCgroupsIsTheHost() throws {
        try bench.makeContainer("/web", process: 700)
        try bench.fixture.write("proc/700/cgroup", "0::/\n")
        let reply = try inspect(pid: 700)
        #expect(reply.rule == .host && reply.container.runtime == "host" && reply.container.id == "/")
        #expect(reply.explanation.contains("it is shown the host"))
        #expect(reply.container.memoryTotalBytes == 4 << 30 && reply.container.memoryUsageBytes == 3 << 30)
        #expect(reply.container.memoryAvailableBytes == 2 << 30 && reply.container.swapUsageBytes == 512 << 20)
        #expect(reply.container.load1 == 1.5 && reply.container.cpuCount == 4)
        #expect(reply.limits.allSatisfy { $0.value == "none" && $0.file == nil })
    }

    @Test func namesTheFileOfEveryLimit() throws {
        try bench.makeContainer("/web", process: 700)
        let limits = try inspect(pid: 700).limits
        func limit(_ name: String) throws -> LXCFSControl.Limit { try #require(limits.first { $0.name == name }, "\(name)") }
        #expect(
            try limit("memory")
                == LXCFSControl.Limit(
                    name: "memory", value: "268435456", meaning: "256 MiB", file: "/sys/fs/cgroup/web/memory.max", cgroup: "/web",
                    isInherited: false))
        #expect(try limit("cpu quota").value == "150000 100000")
        #expect(try limit("cpu quota").meaning.hasPrefix("1.5 CPUs:"))
        #expect(try limit("cpus").value == "1-2" && limit("cpus").file == "/sys/fs/cgroup/web/cpuset.cpus")
        #expect(try limit("cpus").meaning == "2 CPUs")
        #expect(try limit("tasks").value == "100" && limit("tasks").meaning == "100 tasks")
        #expect(try limit("swap").value == "none" && limit("swap").meaning == "the host's 1 GiB")
        #expect(try limit("memory nodes").value == "none", "it has all that there are")
    }

    @Test func aLimitOfHugePagesThatWasNeverSetIsNone() throws {
        try bench.makeContainer("/web", process: 700)
        for (text, value, meaning) in [
            ("9223372036854771712", "none", "the host's pool"), ("4194304", "4194304", "4 MiB, which is 2 pages"),
        ] {
            try bench.fixture.write("sys/fs/cgroup/web/hugetlb.2MB.max", text + "\n")
            try bench.fixture.write("sys/fs/cgroup/web/hugetlb.2MB.current", "0\n")
            let limit = try #require(try inspect(pid: 700).limits.first { $0.name == "huge pages" })
            #expect(limit.value == value && limit.meaning == meaning)
        }
    }

    @Test func namesTheAncestorThatSetsALimit() throws {
        try bench.makeContainer("/outer", process: 699, memory: 100 << 20)
        try bench.makeContainer("/outer/web", process: 700, memory: 200 << 20)
        for (file, text) in [("cpu.max", "max 100000\n"), ("cpuset.cpus", "\n"), ("pids.max", "max\n")] {
            try bench.fixture.write("sys/fs/cgroup/outer/web/" + file, text)
        }
        let limits = try inspect(pid: 700).limits
        for name in ["memory", "cpu quota", "cpus", "tasks"] {
            let limit = try #require(limits.first { $0.name == name })
            #expect(limit.isInherited && limit.cgroup == "/outer", "\(limit)")
            #expect(limit.file?.hasPrefix("/sys/fs/cgroup/outer/") == true)
        }
    }

    @Test func findsByIdBeginningOfItCgroupAndName() throws {
        try bench.makeContainer("/docker/\(Self.one)", process: 700)
        try bench.makeContainer("/docker/\(Self.two)", process: 701)
        for process: Int32 in [700, 701] { try bench.read("proc/meminfo", process: process) }
        for name in [Self.one, "1111", String(Self.one.prefix(12)), "/docker/\(Self.one)"] {
            #expect(try inspect(name).container.id == Self.one, "\(name)")
        }
        #expect(try inspect("host").rule == .host)
        #expect(
            fault { try inspect("11") }
                == .ambiguousContainer("11", candidates: [Self.one, Self.two], "2 containers begin like 11: give more of the id"))
        for name in ["", "3", "/docker", "nobody"] {
            #expect(fault { try inspect(name) }?.isNamed("NoSuchContainer") == true, "\(name)")
        }
    }

    @Test func saysWhatIsWrongWithTheCall() throws {
        try bench.makeContainer("/web", process: 700)
        for pid: Int64 in [4711, 0, -1, 1 << 40] { #expect(fault { try inspect(pid: pid) }?.isNamed("NoSuchProcess") == true) }
        #expect(fault { try inspect() } == .invalidParameter("pid"))
        #expect(fault { try inspect(pid: 700, "web") } == .invalidParameter("container"))
        let unknown = try #require(fault { try inspect(pid: 700, files: ["proc/nothing"]) })
        #expect(unknown.isNamed("NoSuchFile") && unknown.reason.contains("proc/nothing"))
        let absent = try #require(fault { try inspect(pid: 700, files: ["vmstat"]) })
        #expect(absent.isNamed("NoSuchFile") && absent.reason.contains("this host has no vmstat"))
    }

    @Test func whatOnlyRootMayReadIsToldToRootAlone() throws {
        try bench.makeContainer("/web", process: 700)
        let files = ["slabinfo", "meminfo"]
        let forRoot = try inspect(pid: 700, files: files).views
        #expect(forRoot.contains { $0.file == "proc/slabinfo" && $0.host?.contains("secret") == true })
        let forUser = try inspect(pid: 700, files: files, from: ControlBench.user).views
        #expect(forUser.map(\.file) == ["proc/meminfo", "proc/slabinfo"])
        #expect(forUser[1].host == nil && forUser[1].container == nil && forUser[1].problem == "only root may read it")
        #expect(forUser[0].host != nil)
        let inContainer = ControlCaller(uid: 0, gid: 0, pid: 0, refusal: "root in a container is not enough")
        #expect(try inspect(pid: 700, files: files, from: inContainer).views[1].host == nil)
    }

    @Test func withVirtualizationOffEverybodySeesTheHost() throws {
        try bench.makeContainer("/web", process: 700)
        bench.state.showsHost = true
        let reply = try inspect(pid: 700)
        #expect(reply.views[0].container == ControlBench.meminfo && reply.explanation.contains("virtualization is off"))
    }

    @Test func aViewThatCannotBeMadeSaysWhy() throws {
        try bench.makeContainer("/web", process: 700)
        try bench.fixture.write("proc/stat", "")
        try bench.fixture.write("proc/swaps", "Filename\n")
        let views = try inspect(pid: 700, files: nil).views
        #expect(Set(views.map(\.file)).isSuperset(of: ["proc/meminfo", "proc/swaps", "sys/devices/system/cpu/online"]))
        let good = try #require(views.first { $0.file == "proc/meminfo" })
        #expect(good.container != nil && good.problem == nil)
    }
}
