internal import Glibc
package import SystemPackage

/// One end of a connection between two processes that keeps messages apart and in order: a Unix socket of type SOCK_SEQPACKET. Neither end ever waits.
package final class MessageSocket: Sendable {
    /// The longest message, in bytes.
    package static let longest = 512

    private let socket: OwnedFileDescriptor

    /// Takes over an end.
    package init(adopting socket: consuming OwnedFileDescriptor) {
        self.socket = socket
    }

    /// A new connection: this process's end, and the one to be inherited by another process.
    package static func pair() throws(Errno) -> (here: MessageSocket, there: MessageSocket) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
        return (
            MessageSocket(adopting: OwnedFileDescriptor(adopting: ends[0])), MessageSocket(adopting: OwnedFileDescriptor(adopting: ends[1]))
        )
    }

    /// For poll(2), or to be inherited; it stays this object's to close.
    package var descriptor: CInt { socket.rawValue }

    /// Sends a message; any thread may.
    /// - Returns: whether it is on its way. Not so where the other end is gone, or has not taken hundreds of messages.
    @discardableResult package func send(_ message: [UInt8]) -> Bool {
        let sent = Glibc.send(socket.rawValue, message, message.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        return sent == message.count
    }

    /// What `receive` found.
    package enum Reception: Equatable {
        case message([UInt8])
        case nothing
        /// The other end is gone, and everything that it sent has been received.
        case closed
    }

    /// Takes the next message.
    package func receive() -> Reception {
        var buffer = [UInt8](repeating: 0, count: MessageSocket.longest)
        let count = recv(socket.rawValue, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        if count > 0 { return .message(Array(buffer.prefix(count))) }
        if count == 0 { return .closed }
        let error = Errno(rawValue: errno)
        return error == .resourceTemporarilyUnavailable || error == .interrupted ? .nothing : .closed
    }
}
