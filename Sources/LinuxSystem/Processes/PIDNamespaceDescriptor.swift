internal import CLinux
internal import Glibc
package import SystemPackage

/// A pid namespace, pid_namespaces(7), by an open file of it.
package struct PIDNamespaceDescriptor: ~Copyable {
    private let descriptor: OwnedFileDescriptor
    /// The namespace's inode number: its name for as long as anyone keeps it open or lives in it.
    package let inode: UInt64

    /// The namespace of a process. `proc` is a procfs.
    package init(ofProcess pid: Int32, proc: Directory) throws(Errno) {
        try self.init(proc.open("\(pid)/ns/pid"))
    }

    private init(_ descriptor: consuming OwnedFileDescriptor) throws(Errno) {
        inode = try descriptor.status().inode
        self.descriptor = descriptor
    }

    /// The namespace that this one was made in; `nil` for the topmost one this process may see.
    package func parent() -> PIDNamespaceDescriptor? {
        let opened = clinux_namespace_parent(descriptor.rawValue)
        guard opened >= 0 else { return nil }
        return try? PIDNamespaceDescriptor(OwnedFileDescriptor(adopting: opened))
    }

    /// Whether the kernel translates pids between it and this process's own: Linux 6.12.
    var translatesPIDs: Bool { clinux_knows_namespace_init(descriptor.rawValue) != 0 }

    /// The pid, as this process sees it, of the thread that has this one there. Linux 6.12.
    func ownPID(ofForeign pid: Int32) -> Int32? {
        let found = clinux_pid_from_namespace(descriptor.rawValue, pid)
        return found > 0 ? found : nil
    }

    /// The pid there of the thread that has this one as this process sees it. Linux 6.12.
    func foreignPID(ofOwn pid: Int32) -> Int32? {
        let found = clinux_pid_in_namespace(descriptor.rawValue, pid)
        return found > 0 ? found : nil
    }

    /// The pid of its init, as this process sees it.
    /// - Throws: ESRCH where it is not visible from here, ETIMEDOUT where the kernel did not answer within `timeoutMilliseconds`.
    package func initProcess(timeoutMilliseconds: Int32 = 1000) throws(Errno) -> Int32 {
        let found = clinux_namespace_init(descriptor.rawValue, timeoutMilliseconds)
        guard found > 0 else { throw Errno(rawValue: errno) }
        return found
    }

    /// The same by the way of kernels before 6.12, so that both can be tested on one.
    package func initProcessByCredentials(timeoutMilliseconds: Int32 = 1000) throws(Errno) -> Int32 {
        let found = clinux_namespace_init_by_credentials(descriptor.rawValue, timeoutMilliseconds)
        guard found > 0 else { throw Errno(rawValue: errno) }
        return found
    }
}
