internal import CLinux
internal import Glibc
package import SystemPackage

/// The kernel's count of a cgroup's tasks by state: taskstats over generic netlink, Documentation/accounting/cgroupstats.rst.
///
/// One question counts a whole cgroup of version 1, however many threads it has; version 2 is answered EINVAL. For one thread at a time.
package struct TaskStatistics: ~Copyable {
    /// How many tasks are in which state.
    package struct Counts: Sendable, Equatable {
        package var running: UInt64
        package var uninterruptible: UInt64
        package var total: UInt64
    }

    private let socket: OwnedFileDescriptor
    private let family: UInt16

    /// - Throws: what the kernel said where it was built without taskstats, or where the daemon may not ask.
    package init() throws(Errno) {
        var family: UInt16 = 0
        let opened = clinux_taskstats_open(&family)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        socket = OwnedFileDescriptor(adopting: opened)
        self.family = family
    }

    /// The tasks of the cgroup whose directory this is, those of its children left out.
    package borrowing func counts(ofCgroup directory: Directory) throws(Errno) -> Counts {
        let opened = try directory.openForListing()
        var tasks = clinux_cgroup_tasks()
        guard clinux_taskstats_of_cgroup(socket.rawValue, family, opened.rawValue, &tasks) == 0 else { throw Errno(rawValue: errno) }
        let total = tasks.sleeping &+ tasks.running &+ tasks.stopped &+ tasks.uninterruptible &+ tasks.io_wait
        return Counts(running: tasks.running, uninterruptible: tasks.uninterruptible, total: total)
    }
}
