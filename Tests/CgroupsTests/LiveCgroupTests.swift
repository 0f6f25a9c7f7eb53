import Cgroups
import ContainerViews
import Glibc
import HostProc
import LinuxSystem
import ProcText
import SystemPackage
import TestSupport
import Testing

/// The conformers on this machine's own cgroups: the kernel's files are what we think they are. Makes one cgroup of its own in each hierarchy
/// it needs and removes it.
@Suite("The kernel's own cgroups", .serialized)
struct LiveCgroupTests {
    private static let limit: UInt64 = 209_715_200

    @Test(.enabled("needs root and the memory controller: on cgroup v2 handed down by the root") { LiveCgroup.isPossible })
    func aProcessReadsItsLimitAndItsUse() throws {
        let live = try LiveCgroup()
        defer { live.remove() }
        try live.write(live.isV2 ? "memory.max" : "memory.limit_in_bytes", "\(LiveCgroupTests.limit)", in: .memory)
        let child = try live.start("head -c 41943040 /dev/zero > \(live.scratchFile); sleep 60")
        defer { live.end(child) }
        // The pages are charged when head is done; the kernel's statistics follow within two seconds.
        let reader = try live.reader()
        var meminfo: [String: UInt64] = [:]
        for _ in 0..<100 {
            meminfo = try reader.fields("proc/meminfo")
            if (meminfo["Shmem"] ?? 0) >= 40960 { break }
            usleep(100_000)
        }
        #expect(meminfo["MemTotal"] == LiveCgroupTests.limit / 1024)
        #expect(try #require(meminfo["MemFree"]) <= LiveCgroupTests.limit / 1024 - 40960)
        #expect(try #require(meminfo["Shmem"]) >= 40960)
        #expect(try #require(meminfo["Shmem"]) < 81920)
        #expect(try #require(meminfo["Cached"]) >= #require(meminfo["Shmem"]))
        #expect(try #require(meminfo["MemAvailable"]) >= #require(meminfo["MemFree"]))
        let vmstat = try reader.fields("proc/vmstat")
        #expect(try #require(vmstat["nr_shmem"]) * 4 >= 40960)
        #expect(try #require(vmstat["pgfault"]) > 0)
        #expect(vmstat["nr_dirty_threshold"] == 0)
        #expect(try reader.reader.read("proc/swaps").hasPrefix("Filename\t"))
    }

    @Test(.enabled("needs root and the memory controller on cgroup v2") { LiveCgroup.isPossible && LiveCgroup.isVersion2 })
    func aControllerThatIsSwitchedOffAndOnAgainIsFollowed() throws {
        let live = try LiveCgroup()
        defer { live.remove() }
        try live.write("memory.max", "209715200", in: .memory)
        try live.write("cgroup.subtree_control", "+memory", in: .memory)
        try live.makeChild("in")
        try live.write("in/memory.max", "104857600", in: .memory)
        let reader = try live.reader(below: "/in")
        #expect(try reader.fields("proc/meminfo")["MemTotal"] == 102400)
        try live.write("cgroup.subtree_control", "-memory", in: .memory)
        #expect(try reader.fields("proc/meminfo")["MemTotal"] == 204800)
        try live.write("cgroup.subtree_control", "+memory", in: .memory)
        try live.write("in/memory.max", "52428800", in: .memory)
        #expect(try reader.fields("proc/meminfo")["MemTotal"] == 51200)
    }

    @Test(.enabled("needs root and the memory controller: on cgroup v2 handed down by the root") { LiveCgroup.isPossible })
    func everyViewCanBeRead() throws {
        let live = try LiveCgroup()
        defer { live.remove() }
        let reader = try live.reader()
        for path in ["proc/meminfo", "proc/swaps", "proc/vmstat", "proc/slabinfo", "proc/diskstats"] {
            #expect(throws: Never.self) { try reader.reader.read(path) }
        }
        let swaps = try reader.reader.read("proc/swaps").split(separator: "\n")
        #expect((swaps.count > 1) == ((try reader.fields("proc/meminfo")["SwapTotal"] ?? 0) > 0))
    }
}

/// A cgroup of our own below the real hierarchies, by the same path in each that has a controller we ask for.
private struct LiveCgroup {
    let isV2: Bool
    let scratchFile: String
    private let layout: CgroupLayout
    private let name = "lxcfs-test-live-\(getpid())"
    private let folders: [CgroupController: String]
    private let memberships: String

    static var isPossible: Bool {
        guard getuid() == 0, let layout = try? layout(), let memory = layout.hierarchy(of: .memory) else { return false }
        guard memory.version == .v2 else { return access(memory.mountPoint, W_OK) == 0 }
        var text = InputText()
        guard let root = try? Directory(path: memory.mountPoint), (try? root.read("cgroup.subtree_control", into: &text)) != nil else {
            return false
        }
        return String(decoding: text.bytes[text.range], as: UTF8.self).contains("memory")
    }

    init() throws {
        layout = try LiveCgroup.layout()
        var folders: [CgroupController: String] = [:]
        var memberships = ""
        let memory = try #require(layout.hierarchy(of: .memory))
        isV2 = memory.version == .v2
        for controller in [CgroupController.memory, .blkio] {
            guard let hierarchy = layout.hierarchy(of: controller) else { continue }
            let folder = hierarchy.mountPoint + "/" + name
            if mkdir(folder, 0o755) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
            folders[controller] = folder
            memberships += hierarchy.version == .v2 ? "0::/\(name)\n" : "1:\(controller.rawValue):/\(name)\n"
        }
        self.folders = folders
        self.memberships = memberships
        scratchFile = "/dev/shm/" + name
    }

    static var isVersion2: Bool { (try? layout())?.hierarchy(of: .memory)?.version == .v2 }

    /// Makes a cgroup below ours in the memory hierarchy.
    func makeChild(_ child: String) throws {
        if mkdir(try #require(folders[.memory]) + "/" + child, 0o755) != 0 { throw Errno(rawValue: errno) }
    }

    /// The container in our cgroup, or in one below it.
    func reader(below child: String = "") throws -> (reader: FixtureReader, fields: (String) throws -> [String: UInt64]) {
        let caller = memberships.split(separator: "\n").map { "\($0)\(child)\n" }.joined()
        let membership = CgroupMembership(InputText(caller), layout: layout)
        let scope = try ContainerScope(layout: layout, membership: membership, name: name, startedAt: 0)
        let reader = FixtureReader(scope, RenderContext(try HostFilesystem(), settings: ViewSettings()))
        return (
            reader,
            { path in
                var fields: [String: UInt64] = [:]
                for line in try reader.read(path).split(separator: "\n") {
                    let words = line.split { $0 == " " || $0 == ":" }
                    if words.count > 1 { fields[String(words[0])] = UInt64(words[1]) }
                }
                return fields
            }
        )
    }

    func write(_ file: String, _ text: String, in controller: CgroupController) throws {
        let folder = try #require(folders[controller])
        let descriptor = try FileDescriptor.open(FilePath(folder + "/" + file), .writeOnly)
        try descriptor.closeAfter { _ = try descriptor.writeAll(Array(text.utf8)) }
    }

    /// Starts a shell that puts itself into the cgroups and runs `script`.
    func start(_ script: String) throws -> pid_t {
        let enter = Set(folders.values).map { "echo $$ > \($0)/cgroup.procs; " }.joined()
        var child: pid_t = 0
        let words = ["sh", "-c", enter + script]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A process group of its own, so that the shell's children end with it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let failure = posix_spawn(&child, "/bin/sh", nil, &attributes, &arguments, environ)
        if failure != 0 { throw Errno(rawValue: failure) }
        return child
    }

    func end(_ child: pid_t) {
        kill(-child, SIGKILL)
        var status: CInt = 0
        waitpid(child, &status, 0)
    }

    func remove() {
        unlink(scratchFile)
        for folder in Set(folders.values) {
            rmdir(folder + "/in")
            for _ in 0..<50 where rmdir(folder) != 0 && errno == EBUSY { usleep(20_000) }
        }
    }

    private static func layout() throws -> CgroupLayout {
        var text = InputText()
        let host = try HostFilesystem()
        try host.proc.read("self/mountinfo", into: &text)
        return CgroupLayout(host, mounts: MountTable(text))
    }
}
