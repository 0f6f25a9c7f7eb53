internal import Glibc

/// The descriptors that a thread waits for.
package struct PollSet {
    private var entries: [pollfd] = []

    package init() {}

    /// Adds a descriptor to wait for input on; hang-up and errors count as input.
    package mutating func add(_ descriptor: CInt) {
        entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
    }

    /// Waits until one has input, a signal comes, or the time is over; in nanoseconds, rounded up to milliseconds; `nil` waits for ever.
    package mutating func wait(nanoseconds: UInt64?) {
        let milliseconds = nanoseconds.map { CInt(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
        if poll(&entries, nfds_t(entries.count), milliseconds) < 0 {
            // Not a signal: more descriptors than may be open by now (EINVAL), or no memory. Whoever polls in a loop shall not be busy with that.
            if errno != EINTR, milliseconds != 0 { usleep(100_000) }
            for index in entries.indices { entries[index].revents = 0 }
        }
    }

    /// Whether the descriptor had input when `wait` returned.
    package func hasInput(_ descriptor: CInt) -> Bool {
        entries.contains { $0.fd == descriptor && $0.revents != 0 }
    }
}
