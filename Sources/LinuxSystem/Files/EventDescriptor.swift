internal import CLinux
internal import Glibc
package import SystemPackage

/// Wakes a thread that waits in poll(2): eventfd(2). What is signalled before anyone waits is not lost.
package final class EventDescriptor: Sendable {
    private let file: OwnedFileDescriptor

    package init() throws(Errno) {
        let opened = clinux_eventfd()
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        file = OwnedFileDescriptor(adopting: opened)
    }

    /// For poll(2): readable from `signal` to `clear`; it stays this object's to close.
    package var descriptor: CInt { file.rawValue }

    /// Wakes whoever waits, or will. Any thread may; it does not wait.
    package func signal() {
        var one: UInt64 = 1
        _ = write(file.rawValue, &one, 8)
    }

    /// Forgets what was signalled until now.
    package func clear() {
        var count: UInt64 = 0
        _ = read(file.rawValue, &count, 8)
    }

    /// Waits until it is signalled, a signal comes, or the time is over; in nanoseconds, `nil` waits for ever.
    /// - Returns: whether it was signalled; it stays so until `clear`.
    package func wait(nanoseconds: UInt64?) -> Bool {
        var poll = PollSet()
        poll.add(file.rawValue)
        poll.wait(nanoseconds: nanoseconds)
        return poll.hasInput(file.rawValue)
    }
}
