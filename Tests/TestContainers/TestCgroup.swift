internal import Glibc
internal import Synchronization

/// What a container may use. `nil` sets no limit.
package struct Limits: Sendable {
    /// Bytes of memory.
    package var memory: UInt64?
    /// Bytes of swap beside the memory; on v1 the two are added.
    package var swap: UInt64?
    /// CPU time per time: 1.5 is one and a half CPU.
    package var cpus: Double?
    /// CPU list.
    package var cpuset: String?
    /// Number of tasks.
    package var pids: Int?

    package init(memory: UInt64? = nil, swap: UInt64? = nil, cpus: Double? = nil, cpuset: String? = nil, pids: Int? = nil) {
        self.memory = memory
        self.swap = swap
        self.cpus = cpus
        self.cpuset = cpuset
        self.pids = pids
    }
}

/// A cgroup of the test's own, made in every hierarchy of the machine as a container runtime does, and removed with all that runs in it.
package final class TestCgroup {
    /// Its path in every hierarchy, without a leading slash: `lxcfs-test-PID-N`, with the parents before it.
    package let path: String
    private let parent: TestCgroup?

    private static let counter = Atomic<Int>(0)

    /// Makes the cgroup and sets its limits.
    /// - Parameter delegates: whether the parent hands its controllers of version 2 down; it cannot while processes are in it.
    package init(
        below parent: TestCgroup? = nil, name: String? = nil, delegates: Bool = true, _ limits: Limits = Limits()
    ) throws(BenchError) {
        let number = TestCgroup.counter.wrappingAdd(1, ordering: .relaxed).newValue
        let own = name ?? "lxcfs-test-\(getpid())-\(number)"
        path = parent.map { $0.path + "/" + own } ?? own
        self.parent = parent
        try make(delegates: delegates)
        try set(limits)
    }

    deinit {
        remove()
    }

    /// Its directory in a hierarchy.
    package func directory(in hierarchy: CgroupMounts.Hierarchy) -> String { hierarchy.mountPoint + "/" + path }

    /// Its directory for a controller (v1 name); the folder may be of v1 or v2.
    package func directory(of controller: String) throws(BenchError) -> String {
        guard let hierarchy = CgroupMounts.hierarchy(of: controller) else { throw BenchError("no cgroup controller \(controller) here") }
        return directory(in: hierarchy)
    }

    /// The cgroup.procs files that a process writes itself to.
    package var processFiles: [String] { CgroupMounts.all.map { directory(in: $0) + "/cgroup.procs" } }

    /// Reads one of its files: `v1` or `v2` is the name there.
    package func read(_ controller: String, v1: String, v2: String) throws(BenchError) -> String {
        guard let hierarchy = CgroupMounts.hierarchy(of: controller) else { throw BenchError("no cgroup controller \(controller) here") }
        let file = directory(in: hierarchy) + "/" + (hierarchy.isUnified ? v2 : v1)
        guard let text = Machine.read(file) else { throw BenchError("cannot read \(file)") }
        return text
    }

    /// Changes limits; those that are `nil` stay.
    package func set(_ limits: Limits) throws(BenchError) {
        if let memory = limits.memory { try setMemory(memory, swap: limits.swap) }
        if let cpus = limits.cpus {
            let quota = Int(cpus * 100_000)
            try write("cpu", v1: ("cpu.cfs_period_us", "100000"), v2: ("cpu.max", "\(quota) 100000"))
            try write("cpu", v1: ("cpu.cfs_quota_us", "\(quota)"), v2: nil)
        }
        if let cpuset = limits.cpuset { try write("cpuset", v1: ("cpuset.cpus", cpuset), v2: ("cpuset.cpus", cpuset)) }
        if let pids = limits.pids { try write("pids", v1: ("pids.max", "\(pids)"), v2: ("pids.max", "\(pids)")) }
    }

    /// CPU time used so far, in seconds, as the kernel accounts it.
    package func cpuSeconds() throws(BenchError) -> Double {
        let text = try read("cpuacct", v1: "cpuacct.usage", v2: "cpu.stat")
        let words = Machine.words(text)
        if words.count == 1, let nanoseconds = Double(words[0]) { return nanoseconds / 1e9 }
        guard let key = words.firstIndex(of: "usage_usec"), key + 1 < words.count, let microseconds = Double(words[key + 1]) else {
            throw BenchError("no usage_usec in cpu.stat")
        }
        return microseconds / 1e6
    }

    /// Has the kernel count I/O. Linux 5.18 to 6.5 does that on version 1 only where a limit is set, however large.
    package func countBlockIO() throws(BenchError) {
        guard let hierarchy = CgroupMounts.hierarchy(of: "blkio"), !hierarchy.isUnified else { return }
        for name in Machine.names(in: "/sys/block") {
            guard let number = Machine.words(Machine.read("/sys/block/\(name)/dev") ?? "").first else { continue }
            for direction in ["read", "write"] {
                let file = directory(in: hierarchy) + "/blkio.throttle.\(direction)_bps_device"
                // A device without a medium takes no limit, and has no I/O.
                try? Machine.write("\(number) \(1 << 40)", to: file)
            }
        }
    }

    /// Kills what runs in it and removes it, with the cgroups below. Waits at most 10 s for processes that die slowly.
    package func remove() {
        for hierarchy in CgroupMounts.all { TestCgroup.removeTree(directory(in: hierarchy)) }
    }

    /// Removes what test runs that are dead by now have left behind.
    package static func removeLeftovers() {
        for hierarchy in CgroupMounts.all {
            for name in Machine.names(in: hierarchy.mountPoint) where name.hasPrefix("lxcfs-test-") {
                let parts = name.split(separator: "-")
                guard parts.count == 4, let owner = pid_t(parts[2]), kill(owner, 0) != 0, errno == ESRCH else { continue }
                removeTree(hierarchy.mountPoint + "/" + name)
            }
        }
    }

    private func setMemory(_ memory: UInt64, swap: UInt64?) throws(BenchError) {
        guard let hierarchy = CgroupMounts.hierarchy(of: "memory") else { throw BenchError("no cgroup controller memory here") }
        let folder = directory(in: hierarchy)
        if hierarchy.isUnified {
            try Machine.write("\(memory)", to: folder + "/memory.max")
            if let swap { try Machine.write("\(swap)", to: folder + "/memory.swap.max") }
            return
        }
        // memsw must never be below the memory limit, so the order depends on the direction.
        let both = folder + "/memory.memsw.limit_in_bytes"
        let before = Machine.read(both).flatMap { UInt64($0.filter(\.isNumber)) }
        let after = swap.map { memory + $0 }
        if let after, let before, after > before { try Machine.write("\(after)", to: both) }
        try Machine.write("\(memory)", to: folder + "/memory.limit_in_bytes")
        if let after, let before, after <= before { try Machine.write("\(after)", to: both) }
    }

    private func write(_ controller: String, v1: (file: String, text: String), v2: (file: String, text: String)?) throws(BenchError) {
        guard let hierarchy = CgroupMounts.hierarchy(of: controller) else { throw BenchError("no cgroup controller \(controller) here") }
        guard let (file, text) = hierarchy.isUnified ? v2 : v1 else { return }
        try Machine.write(text, to: directory(in: hierarchy) + "/" + file)
    }

    private func make(delegates: Bool) throws(BenchError) {
        for hierarchy in CgroupMounts.all {
            if hierarchy.isUnified && delegates { try delegate(in: hierarchy) }
            let folder = directory(in: hierarchy)
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw BenchError("cannot make \(folder): \(Machine.lastError())") }
            // A cpuset of v1 is born empty, and no process can be in it then.
            guard !hierarchy.isUnified, hierarchy.controllers.contains("cpuset") else { continue }
            let above = hierarchy.mountPoint + (parent.map { "/" + $0.path } ?? "")
            for file in ["cpuset.cpus", "cpuset.mems"] {
                try Machine.write(Machine.read(above + "/" + file) ?? "0", to: folder + "/" + file)
            }
        }
    }

    /// Switches all controllers on for the children of the parent.
    private func delegate(in hierarchy: CgroupMounts.Hierarchy) throws(BenchError) {
        let folder = hierarchy.mountPoint + (parent.map { "/" + $0.path } ?? "")
        let wanted = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"]
        let present = Machine.words(Machine.read(folder + "/cgroup.controllers") ?? "")
        let enabled = Machine.words(Machine.read(folder + "/cgroup.subtree_control") ?? "")
        for name in wanted where present.contains(name) && !enabled.contains(name) {
            try Machine.write("+" + name, to: folder + "/cgroup.subtree_control")
        }
    }

    /// Wakes all that is frozen in it and below: nobody who is frozen dies.
    package func thaw() {
        for hierarchy in CgroupMounts.all where hierarchy.controllers.contains("freezer") && !hierarchy.isUnified {
            TestCgroup.walk(directory(in: hierarchy)) { file, _, _ in TestCgroup.thaw(file) }
        }
    }

    private static func thaw(_ folder: CInt) {
        try? Machine.write("THAWED", to: "/proc/self/fd/\(folder)/freezer.state")
    }

    private static func removeTree(_ folder: String) {
        let end = Machine.now + 10 * Machine.patience
        walk(folder) { file, parent, name in
            thaw(file)
            while unlinkat(parent, name, AT_REMOVEDIR) != 0, errno == EBUSY, Machine.now < end {
                let members = (Machine.read("/proc/self/fd/\(file)/cgroup.procs") ?? "").split(separator: "\n").compactMap { pid_t($0) }
                // A daemon that lets everybody move everything has moved the machine's own processes here: not to be killed, nor are their children.
                if members.contains(where: { $0 < 4 }) {
                    print("\(folder) has processes of the machine's own: it stays")
                    return
                }
                for pid in members where pid != getpid() { kill(pid, SIGKILL) }
                Machine.pause(0.01)
            }
        }
    }

    /// Does something with a folder and all below, those below first: the folder, the one that it is in, its name there. Names need not be UTF-8.
    private static func walk(_ folder: String, _ body: (CInt, CInt, [CChar]) -> Void) {
        walk(AT_FDCWD, Array(folder.utf8CString), body)
    }

    private static func walk(_ parent: CInt, _ name: [CChar], _ body: (CInt, CInt, [CChar]) -> Void) {
        let file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        for below in subdirectories(file) { walk(file, below, body) }
        body(file, parent, name)
    }

    private static func subdirectories(_ folder: CInt) -> [[CChar]] {
        guard let list = fdopendir(dup(folder)) else { return [] }
        defer { closedir(list) }
        var names: [[CChar]] = []
        while let entry = readdir(list) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            // Longer than d_name is declared, in cgroupfs.
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: Int(entry.pointee.d_reclen)) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
                }
            }
            if bytes != [0x2e], bytes != [0x2e, 0x2e] { names.append(bytes + [0]) }
        }
        return names
    }
}
