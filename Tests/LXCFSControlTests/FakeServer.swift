internal import Glibc
import LinuxSystem
import Synchronization

/// A server that plays what a test wants: each connection is handed to the test's closure, one after the other, in a thread of its own.
final class FakeServer {
    let path: String
    private let folder: String
    private let listener: CInt
    private let thread: JoinableThread
    private let accepted: Count

    /// How many connections were made until now.
    var connections: Int { accepted.value.load(ordering: .acquiring) }

    private final class Count: Sendable {
        let value = Atomic(0)
    }

    /// One client.
    struct Connection {
        let descriptor: CInt
        /// 1 for the first.
        let number: Int

        /// The next call; `nil` where the client has hung up. To be called when everything before it was answered.
        func call() -> String? {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1 {
                if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            return nil
        }

        /// Sends a text and the NUL behind it.
        func reply(_ text: String) { write(Array(text.utf8) + [0]) }

        func write(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, CInt(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// - Parameter backlog: `listen(2)`'s; `isAccepting`: whether anybody takes the connections.
    init(backlog: CInt = 16, isAccepting: Bool = true, _ serve: @escaping @Sendable (Connection) -> Void) throws {
        var template = Array("/tmp/lxcfs-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SetUpError() }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/control.sock"
        (self.folder, self.path) = (folder, path)
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard bound == 0, listen(listener, backlog) == 0 else { throw SetUpError() }
        self.listener = listener
        let count = Count()
        accepted = count
        thread = try JoinableThread(name: "fake server", stackSize: 1 << 20) {
            while isAccepting {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                let number = count.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
                serve(Connection(descriptor: descriptor, number: number))
                close(descriptor)
            }
        }
    }

    deinit {
        // accept(2) returns.
        shutdown(listener, CInt(SHUT_RDWR))
        thread.join()
        close(listener)
        unlink(path)
        rmdir(folder)
    }

    struct SetUpError: Error {}
}
