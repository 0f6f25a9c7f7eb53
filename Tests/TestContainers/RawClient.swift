internal import Glibc

/// A client of a Unix stream socket that sends whatever bytes it likes, and takes messages that end with a NUL.
package final class RawClient: Sendable {
    private let socket: CInt

    /// - Throws: where nobody listens.
    package init(_ path: String) throws {
        socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard result == 0 else { throw Failed(errno) }
    }

    package struct Failed: Error {
        package let errno: Int32

        init(_ errno: Int32) {
            self.errno = errno
        }
    }

    deinit {
        close(socket)
    }

    /// - Returns: whether all of it was taken.
    @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// - Returns: whether all of it was taken.
    @discardableResult package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// One byte out of band: MSG_OOB, send(2).
    /// - Returns: whether the kernel knows of such a thing here, since Linux 5.15.
    package func sendOutOfBand() -> Bool {
        var byte: UInt8 = 120
        return Glibc.send(socket, &byte, 1, CInt(MSG_OOB) | CInt(MSG_NOSIGNAL)) == 1
    }

    /// The next message without its NUL, as text; `nil` where the server has closed the connection, or is silent for 20 seconds.
    package func receive() -> String? {
        var message: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // Never beyond the message.
            let seen = recv(socket, &buffer, buffer.count, CInt(MSG_PEEK))
            if seen <= 0 { return nil }
            let end = buffer[..<seen].firstIndex(of: 0)
            let taken = recv(socket, &buffer, end.map { $0 + 1 } ?? seen, 0)
            message += buffer[..<taken]
            if message.last == 0 { return String(decoding: message.dropLast(), as: UTF8.self) }
        }
    }

    /// Whether something has arrived, or the connection was closed.
    package var hasInput: Bool {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) > 0
    }

    /// Reads to the end, message by message.
    package func receiveAll() -> [String] {
        var messages: [String] = []
        while let message = receive() { messages.append(message) }
        return messages
    }
}
