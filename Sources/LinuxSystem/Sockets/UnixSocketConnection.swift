internal import CLinux
internal import Glibc
package import SystemPackage

/// The server's end of a connection to a Unix stream socket. Nothing here waits.
package final class UnixSocketConnection: Sendable {
    private let socket: OwnedFileDescriptor

    /// Takes over a connection.
    package init(adopting socket: consuming OwnedFileDescriptor) {
        self.socket = socket
    }

    /// Two ends of a connection of this process with itself.
    package static func pair() throws(Errno) -> (UnixSocketConnection, UnixSocketConnection) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
        return (
            UnixSocketConnection(adopting: OwnedFileDescriptor(adopting: ends[0])),
            UnixSocketConnection(adopting: OwnedFileDescriptor(adopting: ends[1]))
        )
    }

    /// For poll(2), or to be given to another process; it stays this object's to close.
    package var descriptor: CInt { socket.rawValue }

    /// What an attempt to receive or to send came to.
    package enum Transfer: Sendable, Equatable {
        /// So many bytes, at least one.
        case bytes(Int)
        /// Nothing just now.
        case nothing
        /// The other end sends no more, or is gone.
        case closed
    }

    /// Receives into the beginning of a buffer.
    /// - Parameters:
    ///   - count: at most so many bytes.
    ///   - isPeeking: leaves them where they are, to be received again.
    package func receive(into buffer: inout [UInt8], count: Int, isPeeking: Bool = false) -> Transfer {
        let flags = CInt(MSG_DONTWAIT) | (isPeeking ? CInt(MSG_PEEK) : 0)
        let length = min(count, buffer.count)
        return transfer { buffer.withUnsafeMutableBytes { recv(socket.rawValue, $0.baseAddress, length, flags) } }
    }

    /// Sends as much of it as the other end has room for.
    package func send(_ bytes: ArraySlice<UInt8>) -> Transfer {
        transfer {
            bytes.withUnsafeBytes { Glibc.send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)) }
        }
    }

    /// Ends the connection for both, whoever else has a duplicate of it. What was sent can still be received.
    package func shutDown() {
        _ = shutdown(socket.rawValue, CInt(SHUT_RDWR))
    }

    private func transfer(_ body: () -> Int) -> Transfer {
        while true {
            let count = body()
            if count > 0 { return .bytes(count) }
            if count == 0 { return .closed }
            let error = Errno(rawValue: errno)
            if error == .interrupted { continue }
            return error == .resourceTemporarilyUnavailable || error == .noBufferSpace ? .nothing : .closed
        }
    }

    // MARK: - Who is there

    /// Who connected.
    package struct Peer: Sendable, Equatable {
        /// As this process sees it; 0 where it does not.
        package let pid: Int32
        package let uid: UInt32
        package let gid: UInt32
    }

    /// SO_PEERCRED: who connected, whoever uses the connection by now. `nil` where the kernel does not tell.
    package var peer: Peer? {
        var found = clinux_peer()
        guard clinux_peer_credentials(socket.rawValue, &found) == 0 else { return nil }
        return Peer(pid: found.pid, uid: found.uid, gid: found.gid)
    }

    /// The process that connected.
    ///
    /// Before Linux 6.5 (SO_PEERPIDFD) it is the one that has its pid now: one that died before it was asked for may have given that to another.
    /// - Throws: ESRCH where it is gone.
    package func peerProcess() throws(Errno) -> ProcessDescriptor {
        let opened = clinux_peer_pidfd(socket.rawValue)
        if opened >= 0 { return ProcessDescriptor(adopting: OwnedFileDescriptor(adopting: opened)) }
        let error = Errno(rawValue: errno)
        guard error == .protocolNotAvailable, let pid = peer?.pid, pid > 0 else {
            throw error == .protocolNotAvailable ? .noSuchProcess : error
        }
        return try ProcessDescriptor(pid: pid)
    }
}
