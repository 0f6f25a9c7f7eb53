internal import Glibc

/// The descriptors that a thread waits for.
package struct PollSet {
    private var entries: [pollfd] = []

    package init() {}

    /// Adds a descriptor to wait for input on; hang-up and errors count as input.
    package mutating func add(_ descriptor: CInt) {
        add(descriptor, input: true, output: false)
    }

    /// Adds a descriptor to wait for input, for room to write, or for neither; hang-up and errors are waited for always.
    /// - Returns: its place, for `readiness(at:)`.
    @discardableResult package mutating func add(_ descriptor: CInt, input: Bool, output: Bool) -> Int {
        let events = (input ? POLLIN : 0) | (output ? POLLOUT : 0)
        entries.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        return entries.count - 1
    }

    /// What a descriptor was found ready for.
    package struct Readiness: Sendable, Equatable {
        package var input = false
        package var output = false
        /// The other end is gone altogether, or the descriptor is not usable.
        package var hangUp = false

        /// Whether it is ready for anything.
        package var isAny: Bool { input || output || hangUp }
    }

    /// What the descriptor at this place was ready for when `wait` returned.
    package func readiness(at place: Int) -> Readiness {
        guard entries.indices.contains(place) else { return Readiness() }
        let found = Int32(entries[place].revents)
        return Readiness(
            input: found & POLLIN != 0, output: found & POLLOUT != 0, hangUp: found & (POLLHUP | POLLERR | POLLNVAL) != 0)
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
