internal import Glibc
internal import Synchronization

/// Standard input, output and error.
package enum StandardStreams {
    /// Opens /dev/null as each of the three that is closed: else the next file that is opened, /dev/fuse or the pid file, gets the number of
    /// standard error, and log lines are written into it. To be called before anything is opened.
    /// - Parameter forWriting: whether what is written there goes nowhere; else it fails with EBADF, as if the stream were closed still.
    package static func openMissing(forWriting: Bool = true) {
        while true {
            let opened = Glibc.open("/dev/null", forWriting ? O_RDWR : O_RDONLY)
            guard opened >= 0, opened <= STDERR_FILENO else {
                if opened >= 0 { close(opened) }
                return
            }
        }
    }

    /// Writes to standard error if it takes the text at once; a pipe that nobody reads must not stop who writes. At most 4096 bytes: poll(2)
    /// promises no more room than that in a pipe.
    /// - Returns: whether it was written.
    package static func writeError(_ text: String) -> Bool {
        var text = text
        return isWriting.withLockIfAvailable { _ in
            var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 0) == 1, ready.revents & Int16(POLLOUT) != 0 else { return false }
            return text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, min($0.count, 4096)) } > 0
        } ?? false
    }

    /// So that no other thread takes the room that poll(2) found. The only lock that is held over a system call, one that does not wait;
    /// who finds it taken does not wait either.
    private static let isWriting = Mutex(())
}
