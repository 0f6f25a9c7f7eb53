internal import Glibc

/// A call on a daemon's control socket, byte by byte: no code of the product is in it.
package enum ControlSocket {
    /// Sends a message, to which the NUL is added, and gives the first message that comes back, without its NUL.
    package static func call(_ message: [UInt8], at path: String, seconds: Double = 30) throws(BenchError) -> [UInt8] {
        let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { throw BenchError("socket: \(Machine.lastError())") }
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw BenchError("\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard connected == 0 else { throw BenchError("\(path): \(Machine.lastError())") }
        let bytes = message + [0]
        guard send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw BenchError("\(path) takes no call: \(Machine.lastError())")
        }
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        let end = Machine.now + seconds * Machine.patience
        while Machine.now < end {
            var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 1000) > 0 else { continue }
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { throw BenchError("\(path) was closed after \(reply.count) bytes: \(Machine.lastError())") }
            reply += buffer[..<count]
            if let last = reply.firstIndex(of: 0) { return Array(reply[..<last]) }
        }
        throw BenchError("\(path) did not answer in \(seconds) s")
    }
}
