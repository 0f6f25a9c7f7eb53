internal import CLinux
internal import Glibc
package import SystemPackage

/// A process that is meant and no other: a pidfd (pidfd_open(2), Linux 5.3) does not come to mean another process when the pid is used again.
package final class ProcessDescriptor: Sendable {
    /// SIGHUP, for those who do not import the C library.
    package static let hangUpSignal = SIGHUP

    private let descriptor: OwnedFileDescriptor

    /// Refers to the process that has this pid now.
    package init(pid: Int32) throws(Errno) {
        let opened = clinux_pidfd_open(pid)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        descriptor = OwnedFileDescriptor(adopting: opened)
    }

    /// Takes over a pidfd.
    package init(adopting descriptor: consuming OwnedFileDescriptor) {
        self.descriptor = descriptor
    }

    /// A descriptor that poll(2) shows as readable when the process has ended; it stays this object's to close.
    package var exitDescriptor: CInt { descriptor.rawValue }

    /// Sends a signal.
    package func signal(_ number: CInt) {
        _ = clinux_pidfd_signal(descriptor.rawValue, number)
    }

    /// pidfd_getfd(2): a duplicate of a descriptor that the process has, close-on-exec. Linux 5.6; takes the right to trace it.
    package func duplicate(ofDescriptor number: CInt) throws(Errno) -> OwnedFileDescriptor {
        let duplicate = clinux_pidfd_getfd(descriptor.rawValue, number)
        guard duplicate >= 0 else { throw Errno(rawValue: errno) }
        return OwnedFileDescriptor(adopting: duplicate)
    }

    /// SIGKILL, and waits until it is dead.
    /// - Parameter timeout: in nanoseconds.
    /// - Returns: whether it is.
    package func kill(timeout: UInt64) -> Bool {
        signal(SIGKILL)
        return hasEnded(within: timeout)
    }

    /// Whether the process has ended, waited for or not.
    package var hasEnded: Bool { hasEnded(within: 0) }

    private func hasEnded(within nanoseconds: UInt64) -> Bool {
        var poll = PollSet()
        poll.add(exitDescriptor)
        poll.wait(nanoseconds: nanoseconds)
        return poll.hasInput(exitDescriptor)
    }

    /// Whether the process has not ended. A zombie has not ended.
    package var isAlive: Bool {
        clinux_pidfd_signal(descriptor.rawValue, 0) == 0 || errno == EPERM
    }
}
