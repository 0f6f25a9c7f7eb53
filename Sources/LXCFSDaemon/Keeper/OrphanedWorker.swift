internal import FUSE
internal import HostProc
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A worker that serves on although its keeper is dead, as after SIGKILL where no service manager cleans up. A new keeper takes its descriptors
/// out of it and ends it; what it had not answered lies in the memory.
struct OrphanedWorker: ~Copyable {
    let pid: Int32
    let connection: OwnedFileDescriptor
    let state: OwnedFileDescriptor
    private let process: ProcessDescriptor

    /// The worker that serves a mount without a keeper; `nil` where there is none.
    static func find(serving mount: Connection.Mount) -> OrphanedWorker? {
        guard let proc = try? Directory(path: "/proc"), let names = try? proc.names() else { return nil }
        for name in names {
            guard let pid = Int32(name), let orphan = try? OrphanedWorker(pid, proc, mount) else { continue }
            return orphan
        }
        return nil
    }

    /// - Throws: ENOENT, ESRCH or EINVAL for any other process.
    private init(_ pid: Int32, _ proc: Directory, _ mount: Connection.Mount) throws(Errno) {
        let memory = try proc.destinationOfLink("\(pid)/fd/\(Worker.stateDescriptor)")
        guard memory.hasPrefix("/memfd:" + StateMemory.name) else { throw .noSuchFileOrDirectory }
        // What a container's process says of itself is not believed: only one of root's, in the same place as this one, is the host's.
        for namespace in ["mnt", "pid", "user"] {
            guard try proc.status("\(pid)/ns/\(namespace)").isSameFile(as: try proc.status("self/ns/\(namespace)")) else { throw .noSuchProcess }
        }
        guard try proc.status("\(pid)").owner == 0 else { throw .noSuchProcess }
        process = try ProcessDescriptor(pid: pid)
        state = try process.duplicate(ofDescriptor: Worker.stateDescriptor)
        connection = try process.duplicate(ofDescriptor: Worker.connectionDescriptor)
        self.pid = pid
        let known = try StateMemory(adopting: try state.duplicate())
        guard known.device == mount.device, known[.workerPID] == UInt64(pid) else { throw .invalidArgument }
        var text = InputText(capacity: 1024)
        try proc.read("\(pid)/stat", into: &text)
        // Whose parent is its keeper is no orphan.
        guard let stat = ProcessStat(text), stat.parent != known[.keeperPID] else { throw .invalidArgument }
    }

    /// Ends it.
    /// - Returns: whether it is dead; else it is in an uninterruptible sleep, and does nothing any more.
    @discardableResult func end() -> Bool {
        process.kill(timeout: 2_000_000_000)
    }

    /// The descriptors, to be taken over.
    consuming func take() -> (connection: OwnedFileDescriptor, state: OwnedFileDescriptor)? {
        guard let connection = try? connection.duplicate(), let state = try? state.duplicate() else { return nil }
        return nil
    }
}
