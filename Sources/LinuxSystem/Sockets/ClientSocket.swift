internal import Glibc
package import SystemPackage

/// The client's end of a connection to a Unix stream socket, unix(7). Every step has an end: a time on CLOCK_MONOTONIC in nanoseconds, `nil` for never,
/// and a descriptor whose input ends the waiting, for whoever has to take signals or keys in the meantime.
package final class ClientSocket: Sendable {
    /// The longest path of a socket, in bytes.
    package static let longestPath = UnixSocketAddress.longestPath

    private let socket: OwnedFileDescriptor
    private let interruption: CInt?

    /// Connects.
    /// - Parameter interruption: input on it ends the waiting with EINTR; it stays the caller's, to be read and to be closed.
    /// - Throws: ENAMETOOLONG beyond `longestPath`; ENOENT, ENOTDIR or ECONNREFUSED where nobody listens; EACCES where the socket's mode forbids it;
    ///   ETIMEDOUT where the server's queue stays full.
    package init(path: String, deadline: UInt64?, interruption: CInt? = nil) throws(Errno) {
        let address = try UnixSocketAddress(path: path)
        let opened = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        socket = OwnedFileDescriptor(adopting: opened)
        self.interruption = interruption
        while true {
            // A full queue cannot be polled for: this bounds what connect(2) waits for room in it. A time of 0 would mean for ever.
            let left = ClientSocket.milliseconds(until: deadline)
            guard left != 0 else { throw .timedOut }
            var timeout = timeval(tv_sec: left < 0 ? 0 : Int(left) / 1000, tv_usec: left < 0 ? 0 : Int(left) % 1000 * 1000)
            setsockopt(opened, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            if address.withPointer({ Glibc.connect(opened, $0, $1) }) == 0 { return }
            switch Errno(rawValue: errno) {
            case .interrupted: if isInterrupted { throw .interrupted }
            case .resourceTemporarilyUnavailable: throw .timedOut
            case let error: throw error
            }
        }
    }

    /// Whether the other descriptor has input. connect(2) cannot wait for both: whoever puts something there sends the thread a signal too.
    private var isInterrupted: Bool {
        var entry = pollfd(fd: interruption ?? -1, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Whether the server has hung up, or has sent something that nobody has received.
    package var hasInput: Bool {
        var entry = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) != 0
    }

    /// Sends all of it.
    /// - Throws: EPIPE or ECONNRESET where the server has hung up; what it said before that can still be received. ETIMEDOUT; EINTR.
    package func send(_ bytes: [UInt8], deadline: UInt64?) throws(Errno) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    socket.rawValue, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
                continue
            }
            let error = Errno(rawValue: errno)
            guard error == .resourceTemporarilyUnavailable || error == .interrupted else { throw error }
            try wait(for: POLLOUT, deadline)
        }
    }

    /// Waits for input and takes what is there.
    /// - Returns: how many bytes of the buffer are filled; 0 where the server has hung up.
    /// - Throws: ECONNRESET where it did so without having read everything; ETIMEDOUT; EINTR.
    package func receive(into buffer: inout [UInt8], deadline: UInt64?) throws(Errno) -> Int {
        while true {
            let count = recv(socket.rawValue, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            if count >= 0 { return count }
            let error = Errno(rawValue: errno)
            guard error == .resourceTemporarilyUnavailable || error == .interrupted else { throw error }
            try wait(for: POLLIN, deadline)
        }
    }

    private func wait(for event: CInt, _ deadline: UInt64?) throws(Errno) {
        let left = ClientSocket.milliseconds(until: deadline)
        // poll(2) passes over a negative descriptor.
        var entries = [
            pollfd(fd: socket.rawValue, events: Int16(event), revents: 0),
            pollfd(fd: interruption ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&entries, 2, left)
        if ready < 0, errno != EINTR { throw Errno(rawValue: errno) }
        if entries[1].revents != 0 { throw .interrupted }
        if ready == 0 { throw .timedOut }
    }

    /// Rounded up, at most a day; -1 for ever.
    private static func milliseconds(until deadline: UInt64?) -> CInt {
        guard let deadline else { return -1 }
        let now = Clock.monotonic
        return deadline > now ? CInt(clamping: min((deadline - now - 1) / 1_000_000 + 1, 86_400_000)) : 0
    }
}
