import Glibc
import Testing

/// The service manager's end of NOTIFY_SOCKET: a datagram socket as systemd has one.
final class NotifySocket {
    /// As NOTIFY_SOCKET has it; `@` stands for the 0 of an abstract address.
    let address: String
    private let descriptor: CInt

    /// Listens at an address and names it in the environment.
    init(_ address: String = "@lxcfs-test-\(getpid())") throws {
        self.address = address
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let bound = NotifySocket.withAddress(address) { bind(descriptor, $0, $1) }
        try #require(bound == 0, "bind: \(String(cString: strerror(errno)))")
        setenv("NOTIFY_SOCKET", address, 1)
    }

    deinit {
        close(descriptor)
        if address.hasPrefix("/") { unlink(address) }
    }

    /// The next message, and the descriptors that came with it; `nil` where there is none.
    func next() -> (text: String, descriptors: [CInt])? {
        var text = [UInt8](repeating: 0, count: 4096)
        var control = [UInt64](repeating: 0, count: 32)
        let (length, controlLength) = text.withUnsafeMutableBytes { text in
            control.withUnsafeMutableBytes { control in
                var content = iovec(iov_base: text.baseAddress, iov_len: text.count)
                return withUnsafeMutablePointer(to: &content) { content in
                    var message = msghdr()
                    message.msg_iov = content
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    let length = recvmsg(descriptor, &message, 0)
                    return (length, Int(message.msg_controllen))
                }
            }
        }
        guard length >= 0 else { return nil }
        return (String(decoding: text[..<length], as: UTF8.self), NotifySocket.rights(control, controlLength))
    }

    /// The text of the next message.
    func nextText() -> String? { next()?.text }

    /// Sends to it until it takes no more. Returns how many messages that were.
    func fill() -> Int {
        let sender = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        defer { close(sender) }
        _ = NotifySocket.withAddress(address) { connect(sender, $0, $1) }
        var count = 0
        while count < 100_000, send(sender, "X=1", 3, 0) == 3 { count += 1 }
        return count
    }

    /// struct cmsghdr of a 64-bit machine: length, level and type, then the descriptors.
    private static func rights(_ control: [UInt64], _ length: Int) -> [CInt] {
        let words = control.withUnsafeBytes { Array($0.bindMemory(to: CInt.self)) }
        guard length >= 16, words[2] == SOL_SOCKET, words[3] == 1 else { return [] }
        return Array(words[4..<(Int(control[0]) / 4)])
    }

    private static func withAddress<R>(_ address: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_un>.size)
        bytes[0] = UInt8(AF_UNIX)
        bytes.replaceSubrange(2..<(2 + address.utf8.count), with: address.utf8)
        if address.hasPrefix("@") { bytes[2] = 0 }
        return bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress.unsafelyUnwrapped, socklen_t(2 + address.utf8.count)) }
        }
    }
}
