internal import CLinux
internal import Glibc
package import SystemPackage

/// A process that is meant and no other: a pidfd (pidfd_open(2), Linux 5.3) does not come to mean another process when the pid is used again.
package final class ProcessDescriptor: Sendable {
    private let descriptor: OwnedFileDescriptor

    /// Refers to the process that has this pid now.
    package init(pid: Int32) throws(Errno) {
        let opened = clinux_pidfd_open(pid)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        descriptor = OwnedFileDescriptor(adopting: opened)
    }

    /// Whether the process has not ended. A zombie has not ended.
    package var isAlive: Bool {
        clinux_pidfd_probe(descriptor.rawValue) == 0 || errno == EPERM
    }
}
