import FUSE
import LXCFSControl
import LinuxSystem
import Logging
import SystemPackage
import TestSupport
import Testing

@testable import ContainerViews
@testable import LXCFSDaemon

/// The answers of a daemon of version 2 on a made-up host, asked as the server asks for them.
final class ControlBench {
    static let root = ControlCaller(uid: 0, gid: 0, pid: 1, refusal: nil)
    static let user = ControlCaller(uid: 1000, gid: 1000, pid: 1, refusal: "you are not root")

    let fixture: FixtureHost
    let state: StateMemory
    let parts: WorkerParts
    let service: ControlService

    static let meminfo = """
        MemTotal:        4194304 kB
        MemFree:         1048576 kB
        MemAvailable:    2097152 kB
        SwapTotal:       1048576 kB
        SwapFree:         524288 kB
        Hugepagesize:       2048 kB

        """

    init() throws {
        fixture = try FixtureHost()
        try fixture.write("proc/meminfo", ControlBench.meminfo)
        try fixture.write("proc/loadavg", "1.50 0.50 0.25 1/100 4711\n")
        try fixture.write("proc/uptime", "1000.00 1000.00\n")
        try fixture.write("proc/slabinfo", "slabinfo - version: 2.1\n# name\nsecret 1 1 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n")
        try fixture.write("proc/self/ns/pid", "")
        try fixture.write("proc/self/stat", "10 (lxcfs) S 9 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 11 0 77 1000 200\n")
        try fixture.write("sys/devices/system/cpu/online", "0-3\n")
        try fixture.write("sys/devices/system/node/online", "0\n")
        try fixture.write("sys/devices/system/node/node0/cpulist", "0-3\n")
        let group = "sys/fs/cgroup/"
        try fixture.write(group + "cgroup.controllers", "cpuset cpu hugetlb io memory pids\n")
        try fixture.write(group + "cpuset.cpus.effective", "0-3\n")
        try fixture.write(group + "cpuset.mems.effective", "0\n")
        try fixture.write("proc/self/mountinfo", ControlBench.mountInfo())
        let connection = try ControlBench.connection()
        state = try StateMemory(for: connection, slots: 1, workerBytes: WorkerMemory.byteCount)
        state[.keeperPID] = UInt64(ProcessIdentity.parent)
        state[.owner] = 1
        let logger = Logger(label: "test")
        let host = try HostFilesystem(fixture: fixture.root)
        let configuration = Configuration(mountPoint: "/mnt/lxcfs")
        parts = try WorkerParts(configuration, state, logger, fixture: host)
        _ = parts.memory.takeOver()
        let (here, _) = try MessageSocket.pair()
        service = ControlService(configuration, connection, state, parts, KeeperLink(socket: here), logger)
    }

    /// - Parameter more: lines after those of the cgroups.
    static func mountInfo(_ more: String = "31 20 0:52 / /mnt/lxcfs rw shared:2 - fuse.lxcfs lxcfs rw\n") -> String {
        "30 20 0:26 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n" + more
    }

    private static func connection() throws -> Connection {
        // fuse_in_header and fuse_init_in of protocol 7.31.
        var bytes = [UInt8](repeating: 0, count: 56)
        for (index, byte) in [0: 56, 4: 26, 8: 2, 40: 7, 44: 31] as [Int: UInt8] { bytes[index] = byte }
        return Connection(
            adopting: try OwnedFileDescriptor.open("/dev/null", 0), initRequest: try #require(InitRequest(bytes)),
            mount: Connection.Mount(path: "/mnt/lxcfs", device: "0:52"))
    }

    /// A container with limits, and a process of it in the daemon's own pid namespace.
    func makeContainer(_ path: String, process pid: Int, memory: UInt64 = 256 << 20, below parent: String = "") throws {
        let group = "sys/fs/cgroup" + path + "/"
        try fixture.write(group + "cgroup.procs", "\(pid)\n")
        try fixture.write(group + "cgroup.threads", "\(pid)\n")
        try fixture.write(group + "memory.max", "\(memory)\n")
        try fixture.write(group + "memory.current", "\(64 << 20)\n")
        try fixture.write(group + "memory.stat", "anon \(32 << 20)\ninactive_file \(16 << 20)\nfile \(16 << 20)\n")
        try fixture.write(group + "memory.swap.max", "max\n")
        try fixture.write(group + "memory.swap.current", "4096\n")
        try fixture.write(group + "cpu.max", "150000 100000\n")
        try fixture.write(group + "cpu.stat", "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n")
        try fixture.write(group + "cpuset.cpus.effective", "1-2\n")
        try fixture.write(group + "cpuset.cpus", "1-2\n")
        try fixture.write(group + "cpuset.mems.effective", "0\n")
        try fixture.write(group + "pids.current", "3\n")
        try fixture.write(group + "pids.max", "100\n")
        try fixture.link("proc/self/ns/pid", to: "proc/\(pid)/ns/pid")
        try fixture.write("proc/\(pid)/cgroup", "0::\(path)\n")
        try fixture.write("proc/\(pid)/stat", "\(pid) (a b) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 77 1000 200\n")
    }

    /// The process reads a file, as through the mount.
    @discardableResult func read(_ file: String, process pid: Int32) throws -> String {
        let scope = try #require(parts.resolver.scope(ofProcess: pid))
        let node = try #require(ViewTable.node(at: file))
        let text = try #require(parts.renderer.text(of: node, for: scope, caller: pid))
        parts.statistics.count(node, for: scope, since: Clock.monotonic, isError: false)
        return String(decoding: text, as: UTF8.self)
    }

    /// All replies to a call, as they come over the wire.
    func replies<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, more: Bool = false, from caller: ControlCaller = ControlBench.root
    ) throws -> [(reply: Method.Reply, continues: Bool)] {
        let message = Message.call(method, parameters, more: more).dropLast()
        let answer = service.methods().answer(message, try Message.head(of: message), from: caller)
        var found: [[UInt8]] = []
        switch answer {
        case .one(let reply): found = [reply]
        case .several(let next): while let reply = next() { found.append(reply) }
        case .subscription(let reply): found = [reply]
        }
        return try found.map { try Message.result(of: $0.dropLast(), method) }
    }

    func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, from caller: ControlCaller = ControlBench.root
    ) throws -> Method.Reply {
        try #require(try replies(method, parameters, from: caller).first).reply
    }
}
