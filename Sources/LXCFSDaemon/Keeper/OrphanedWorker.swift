internal import FUSE
internal import HostProc
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A worker whose keeper is dead, as after SIGKILL where no service manager cleans up: it serves on, or does not know it yet. A new keeper takes
/// duplicates of its descriptors and ends it; what it had not answered lies in the memory.
struct OrphanedWorker {
    let pid: Int32
    private let process: ProcessDescriptor

    /// The workers that a mount has without a keeper: several where it died while one of them was replaced.
    static func find(for mount: Connection.Mount) -> [OrphanedWorker] {
        guard let proc = try? Directory(path: "/proc"), let names = try? proc.names() else { return [] }
        return names.compactMap { name in Int32(name).flatMap { try? OrphanedWorker($0, proc, mount) } }
    }

    /// - Throws: for any other process.
    private init(_ pid: Int32, _ proc: Directory, _ mount: Connection.Mount) throws(Errno) {
        let memory = try proc.destinationOfLink("\(pid)/fd/\(Worker.stateDescriptor)")
        guard memory.hasPrefix("/memfd:" + StateMemory.name) else { throw .noSuchFileOrDirectory }
        process = try ProcessDescriptor(pid: pid)
        guard try OrphanedWorker.isTrusted(pid, proc) else { throw .notPermitted }
        self.pid = pid
        let state = try StateMemory(adopting: process.duplicate(ofDescriptor: Worker.stateDescriptor))
        guard state.device == mount.device, state[.keeperPID] != UInt64(pid) else { throw .invalidArgument }
        var text = InputText(capacity: 1024)
        try proc.read("\(pid)/stat", into: &text)
        // Whose parent is its keeper is no orphan.
        guard let stat = ProcessStat(text), stat.parent != state[.keeperPID] else { throw .invalidArgument }
        // Asked for last: as long as it is there, all of this was said of it, and not of another that has its pid by now.
        guard process.isAlive else { throw .noSuchProcess }
    }

    /// What a container's process says of itself is not believed: only one of root's is, with this process's pids and users, that lives where this
    /// one does or may enter every process of the host, and so has nothing to gain. The latter is a lxcfs in a container of its own (a pod of Kubernetes) to
    /// which this one is the successor, in another.
    private static func isTrusted(_ pid: Int32, _ proc: Directory) throws(Errno) -> Bool {
        func shares(_ namespace: String) throws(Errno) -> Bool {
            try proc.status("\(pid)/ns/\(namespace)").isSameFile(as: proc.status("self/ns/\(namespace)"))
        }
        guard try proc.status("\(pid)").owner == 0, try shares("pid"), try shares("user") else { return false }
        if try shares("mnt") { return true }
        let capabilities = try ProcessCapabilities(ofProcess: proc.directory("\(pid)"))
        return capabilities.mayAdministrate && capabilities.mayTrace
    }

    /// A duplicate of its /dev/fuse.
    func connection() throws(Errno) -> OwnedFileDescriptor { try process.duplicate(ofDescriptor: Worker.connectionDescriptor) }

    /// A duplicate of the shared memory's descriptor.
    func state() throws(Errno) -> OwnedFileDescriptor { try process.duplicate(ofDescriptor: Worker.stateDescriptor) }

    /// Sends it SIGKILL, and waits for that for two seconds. In an uninterruptible sleep it lives longer, but does nothing any more.
    func end() {
        _ = process.kill(timeout: 2_000_000_000)
    }
}
