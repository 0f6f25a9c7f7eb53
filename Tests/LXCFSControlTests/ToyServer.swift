import Glibc
import LXCFSControl
import LinuxSystem
import Synchronization
import TestContainers

extension RawClient {
    /// The reply to a call.
    func call<Method: ControlMethod>(_ method: Method.Type, _ parameters: Method.Parameters, more: Bool = false) -> String? {
        send(Message.call(method, parameters, more: more))
        return receive()
    }
}

struct Text: Codable, Sendable, Equatable {
    var text: String
}

struct Amount: Codable, Sendable, Equatable {
    var count: Int64
    var bytes: Int64 = 1
}

/// Gives back what it was given.
enum Echo: ControlMethod {
    typealias Parameters = Text
    typealias Reply = Text
}

/// Answers when it is allowed to.
enum Wait: ControlMethod {
    typealias Parameters = Text
    typealias Reply = Text
}

/// So many replies of so many bytes.
enum Many: ControlMethod {
    typealias Parameters = Amount
    typealias Reply = Text
}

/// For root of the host alone.
enum Change: ControlMethod {
    typealias Parameters = Text
    typealias Reply = Text
    static var isChanging: Bool { true }
}

/// A server with a few simple methods.
final class ToyServer: Sendable {
    let path: String
    let server: ControlServer
    /// What `Echo` and `Change` were given.
    let echoed = Mutex<[String]>([])
    /// What `Wait` waits for.
    let gate: EventDescriptor
    /// Replies of `Many` that were made.
    let made = Atomic(0)
    /// What went to the log.
    let log = Mutex<[String]>([])
    private static let number = Atomic(0)

    /// - Parameter isTrusting: whether this process counts as root of the host, if it is.
    init(
        _ bounds: ControlServer.Bounds = ControlServer.Bounds(), isTrusting: Bool = true, ledger: any ConnectionLedger = NoLedger(),
        adopting inherited: [InheritedConnection] = []
    ) throws {
        path = "/tmp/lxcfs-toy-\(getpid())-\(ToyServer.number.wrappingAdd(1, ordering: .relaxed).newValue).sock"
        gate = try EventDescriptor()
        let listener = try UnixSocketListener(path: path, mode: 0o660, group: getgid())
        let box = Box()
        // A folder without processes: nobody can be judged.
        let proc = try Directory(path: isTrusting ? "/proc" : "/")
        server = try ControlServer(
            box.table(gate), listener: listener, peers: ControlPeer(proc: proc), ledger: ledger, bounds: bounds
        ) { line in box.owner.withLock { $0?.log.withLock { $0.append(line) } } }
        box.owner.withLock { $0 = self }
        try server.start(adopting: inherited)
    }

    /// To be called at the end of each test: the server's threads hold on to it.
    func stop() {
        gate.signal()
        server.end(timeout: 0)
        unlink(path)
    }

    func client() throws -> RawClient { try RawClient(path) }

    /// Breaks the circle: the methods want the object that owns the server that wants the methods.
    private final class Box: Sendable {
        let owner = Mutex<ToyServer?>(nil)

        func table(_ gate: EventDescriptor) -> MethodTable {
            var table = MethodTable(version: "1")
            table.describe(ControlInterface.name, as: ControlInterface.description)
            table.add(Echo.self) { [self] text, _ in
                owner.withLock { $0?.echoed.withLock { $0.append(text.text) } }
                return text
            }
            table.add(Change.self) { [self] text, _ in
                owner.withLock { $0?.echoed.withLock { $0.append(text.text) } }
                return text
            }
            table.add(Wait.self) { text, _ in
                _ = gate.wait(nanoseconds: 20_000_000_000)
                return text
            }
            table.add(several: Many.self, joined: { Text(text: "\($0.count)") }) { [self] amount, _ in
                (0..<Int(amount.count)).map { number in
                    { [self] in
                        owner.withLock { _ = $0?.made.add(1, ordering: .relaxed) }
                        return Text(text: "\(number) " + String(repeating: "x", count: Int(amount.bytes)))
                    }
                }
            }
            table.add(subscription: Subscribe.self) { _, _ in Subscribe.Reply(event: Event(kind: .subscribed, at: 0, text: "")) }
            return table
        }
    }
}
