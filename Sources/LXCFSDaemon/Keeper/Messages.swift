internal import LinuxSystem

/// What the keeper tells a worker.
enum KeeperMessage: Equatable, Sendable {
    /// Take over the shared memory and serve, as this generation. Comes at once, or after `ready`.
    case serve(generation: UInt64)
    /// Finish what you have, read no more requests, leave the shared memory alone; a successor is ready.
    case drain
    /// The reload that you wanted, or that drained you, is done; end.
    case reloaded(generation: UInt64, pauseNanoseconds: UInt64)
    /// The reload that you wanted has failed; go on.
    case reloadFailed(reason: String)
    /// Say that you are alive.
    case ping
    /// Finish what you have and end: the daemon stops.
    case quit
    /// A connection to the control socket that a worker before had; comes before `serve`, with its descriptor.
    case client(slot: Int, MessageSocket.Attachment?)
    /// Give me all connections to the control socket that you have: I am another program than the one that you gave them to.
    case registerAgain
    /// Containers are shown their own values from now on, or the host's.
    case virtualization(isEnabled: Bool)
}

/// What a worker tells the keeper.
enum WorkerMessage: Equatable, Sendable {
    /// Everything is made and tested; `serve` may come.
    case ready
    /// Requests are being answered.
    case serving
    /// No request is touched any more.
    case drained
    /// Somebody wants a reload: by SIGUSR1 from that process, or by other means (0).
    case reloadWanted(sender: Int32)
    /// Somebody wants the host's values shown, or no longer shown: by SIGUSR2 from that process.
    case toggleWanted(sender: Int32)
    /// The file system is mounted nowhere any more.
    case unmounted
    /// Why this worker ends; said before it does.
    case failed(reason: String)
    /// The answer to `ping`.
    case alive
    /// A client has connected to the control socket; with the connection's descriptor, for whoever follows.
    case client(slot: Int, MessageSocket.Attachment?)
    /// It has gone.
    case clientGone(slot: Int)
}

/// A message as it goes over the socket: a number for its kind, two numbers, a text. A kind that is not known is another version's, and passed over.
private struct WireMessage {
    var kind: UInt8
    var first: UInt64 = 0
    var second: UInt64 = 0
    var text = ""

    private static let headLength = 17
    private static let longestText = 400

    init(_ kind: UInt8, _ first: UInt64 = 0, _ second: UInt64 = 0, text: String = "") {
        self.kind = kind
        self.first = first
        self.second = second
        self.text = text
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= WireMessage.headLength else { return nil }
        func number(at start: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) } }
        kind = bytes[0]
        first = number(at: 1)
        second = number(at: 9)
        // What a worker says is logged: one line, nothing that a terminal obeys.
        let text = bytes[WireMessage.headLength...].prefix(WireMessage.longestText).map { $0 < 32 || $0 == 127 ? UInt8(ascii: " ") : $0 }
        self.text = String(decoding: text, as: UTF8.self)
    }

    var bytes: [UInt8] {
        func bytes(of number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } }
        return [kind] + bytes(of: first) + bytes(of: second) + Array(text.utf8.prefix(WireMessage.longestText))
    }
}

extension KeeperMessage {
    var bytes: [UInt8] {
        switch self {
        case .serve(let generation): WireMessage(1, generation).bytes
        case .drain: WireMessage(2).bytes
        case .reloaded(let generation, let pause): WireMessage(3, generation, pause).bytes
        case .reloadFailed(let reason): WireMessage(4, text: reason).bytes
        case .ping: WireMessage(5).bytes
        case .quit: WireMessage(6).bytes
        case .client(let slot, _): WireMessage(7, UInt64(clamping: slot)).bytes
        case .registerAgain: WireMessage(8).bytes
        case .virtualization(let isEnabled): WireMessage(9, isEnabled ? 1 : 0).bytes
        }
    }

    init?(_ bytes: [UInt8], _ attachment: MessageSocket.Attachment? = nil) {
        guard let wire = WireMessage(bytes) else { return nil }
        switch wire.kind {
        case 1: self = .serve(generation: wire.first)
        case 2: self = .drain
        case 3: self = .reloaded(generation: wire.first, pauseNanoseconds: wire.second)
        case 4: self = .reloadFailed(reason: wire.text)
        case 5: self = .ping
        case 6: self = .quit
        case 7: self = .client(slot: Int(clamping: wire.first), attachment)
        case 8: self = .registerAgain
        case 9: self = .virtualization(isEnabled: wire.first != 0)
        default: return nil
        }
    }
}

extension WorkerMessage {
    var bytes: [UInt8] {
        switch self {
        case .ready: WireMessage(1).bytes
        case .serving: WireMessage(2).bytes
        case .drained: WireMessage(3).bytes
        case .reloadWanted(let sender): WireMessage(4, UInt64(UInt32(bitPattern: sender))).bytes
        case .toggleWanted(let sender): WireMessage(5, UInt64(UInt32(bitPattern: sender))).bytes
        case .unmounted: WireMessage(6).bytes
        case .failed(let reason): WireMessage(7, text: reason).bytes
        case .alive: WireMessage(8).bytes
        case .client(let slot, _): WireMessage(9, UInt64(clamping: slot)).bytes
        case .clientGone(let slot): WireMessage(10, UInt64(clamping: slot)).bytes
        }
    }

    init?(_ bytes: [UInt8], _ attachment: MessageSocket.Attachment? = nil) {
        guard let wire = WireMessage(bytes) else { return nil }
        let sender = Int32(truncatingIfNeeded: wire.first)
        switch wire.kind {
        case 1: self = .ready
        case 2: self = .serving
        case 3: self = .drained
        case 4: self = .reloadWanted(sender: sender)
        case 5: self = .toggleWanted(sender: sender)
        case 6: self = .unmounted
        case 7: self = .failed(reason: wire.text)
        case 8: self = .alive
        case 9: self = .client(slot: Int(clamping: wire.first), attachment)
        case 10: self = .clientGone(slot: Int(clamping: wire.first))
        default: return nil
        }
    }
}

/// What is found at one end of the connection between keeper and worker.
enum Received<Message> {
    case message(Message)
    case nothing
    /// The other end is gone, and everything that it sent has been received.
    case closed
}

extension MessageSocket {
    /// The next message that is understood.
    func next<Message>(_ understood: ([UInt8], Attachment?) -> Message?) -> Received<Message> {
        while true {
            switch receive() {
            case .message(let bytes, let attachment): if let message = understood(bytes, attachment) { return .message(message) }
            case .nothing: return .nothing
            case .closed: return .closed
            }
        }
    }
}

/// The keeper's end of the connection to a worker.
struct WorkerLink: Sendable {
    let socket: MessageSocket

    /// - Returns: whether it is on its way.
    @discardableResult func send(_ message: KeeperMessage, with descriptor: CInt? = nil) -> Bool {
        socket.send(message.bytes, with: descriptor)
    }

    func next() -> Received<WorkerMessage> { socket.next { WorkerMessage($0, $1) } }
}
