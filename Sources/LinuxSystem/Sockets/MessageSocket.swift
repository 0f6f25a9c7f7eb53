internal import CLinux
internal import Glibc
internal import Synchronization
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
    /// - Parameter descriptor: the receiver gets a duplicate of it with the message.
    /// - Returns: whether it is on its way. Not so where the other end is gone, or has not taken hundreds of messages.
    @discardableResult package func send(_ message: [UInt8], with descriptor: CInt? = nil) -> Bool {
        clinux_send_with_descriptor(socket.rawValue, message, message.count, descriptor ?? -1) == message.count
    }

    /// Whether less than so many quarters of what may wait to be received waits: for messages that must not be in the way of others.
    package func isFilled(below quarters: Int32) -> Bool {
        var size: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(socket.rawValue, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 else { return false }
        return clinux_unreceived_bytes(socket.rawValue) < size / 4 * quarters
    }

    /// A descriptor that came with a message; closed with this object, unless it was taken.
    package final class Attachment: Sendable, Equatable {
        private let descriptor: Mutex<CInt>

        fileprivate init(_ descriptor: CInt) {
            self.descriptor = Mutex(descriptor)
        }

        deinit {
            let descriptor = descriptor.withLock { $0 }
            if descriptor >= 0 { close(descriptor) }
        }

        package static func == (one: Attachment, other: Attachment) -> Bool { one === other }

        /// The descriptor, the first time; then `nil`.
        package func take() -> OwnedFileDescriptor? {
            let taken = descriptor.withLock { descriptor in
                defer { descriptor = -1 }
                return descriptor
            }
            return taken < 0 ? nil : OwnedFileDescriptor(adopting: taken)
        }
    }

    /// What `receive` found.
    package enum Reception: Equatable {
        case message([UInt8], Attachment?)
        case nothing
        /// The other end is gone, and everything that it sent has been received.
        case closed
    }

    /// Takes the next message.
    package func receive() -> Reception {
        var buffer = [UInt8](repeating: 0, count: MessageSocket.longest)
        var descriptor: CInt = -1
        let count = clinux_receive_with_descriptor(socket.rawValue, &buffer, buffer.count, &descriptor)
        let error = Errno(rawValue: errno)
        let attachment = descriptor < 0 ? nil : Attachment(descriptor)
        if count > 0 { return .message(Array(buffer.prefix(count)), attachment) }
        if count == 0 { return .closed }
        return error == .resourceTemporarilyUnavailable || error == .interrupted ? .nothing : .closed
    }
}
