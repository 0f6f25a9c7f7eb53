internal import LinuxSystem
internal import ProcText

/// A connection as the I/O thread sees it, which alone has it.
final class ControlConnection {
    /// Where it stands between two calls.
    enum Stage {
        /// No call has begun.
        case idle
        /// A call has begun and is not complete.
        case receiving
        /// A call is being answered, or waits for a thread.
        case called
        /// Replies wait for the client; after them, the closure goes on.
        case replying(rest: (@Sendable () -> [UInt8]?)?)
        /// It is told of every event.
        case subscribed
    }

    let place: CallPool.Place
    let socket: UnixSocketConnection
    let caller: ControlCaller
    private let ledger: any ConnectionLedger

    private(set) var stage = Stage.idle
    /// When the stage began, or went on; in nanoseconds of CLOCK_MONOTONIC.
    var since: UInt64
    let acceptedAt: UInt64
    var framer: MessageFramer
    var output = OutputQueue()
    /// Whether it is closed when the output has been sent.
    var closesAfterOutput = false
    /// Whether the client is gone: what it had sent is still worked on, what would be sent to it is not.
    var isHungUp = false
    /// Whether whoever outlives this process has a duplicate.
    var isRegistered = false
    /// Events that did not fit, and that it has not been told of.
    var lostEvents: UInt64 = 0
    private var noted = ConnectionState.closed

    init(
        _ place: CallPool.Place, _ socket: UnixSocketConnection, _ caller: ControlCaller, ledger: any ConnectionLedger,
        state: ConnectionState, now: UInt64
    ) {
        self.place = place
        self.socket = socket
        self.caller = caller
        self.ledger = ledger
        since = now
        acceptedAt = now
        framer = MessageFramer(longest: ControlBounds.longestCall)
        note(state)
    }

    /// Whether it may do what root of the host may, and has no bounds of its own.
    var isPrivileged: Bool { caller.refusal == nil }

    /// - Parameter noted: what it is noted as, if that is not the stage.
    func become(_ stage: Stage, now: UInt64, notedAs noted: ConnectionState? = nil) {
        self.stage = stage
        since = now
        if let noted { note(noted) } else { note() }
    }

    /// Notes a state before what makes it true is done.
    func note(_ state: ConnectionState) {
        guard noted != state else { return }
        noted = state
        ledger.note(state, of: place.slot)
    }

    /// Notes the state that it is in.
    func note() {
        switch stage {
        case .idle: note(.idle)
        case .receiving: note(.receiving)
        case .called: note(.called)
        case .replying: note(.replying)
        case .subscribed: note(output.isInMessage ? .replying : .subscribed)
        }
    }

    var isIdle: Bool { if case .idle = stage { true } else { false } }
    var isReceiving: Bool { if case .receiving = stage { true } else { false } }
    var isCalled: Bool { if case .called = stage { true } else { false } }
    var isSubscribed: Bool { if case .subscribed = stage { true } else { false } }

    /// When it is over for want of anything happening, in nanoseconds of CLOCK_MONOTONIC; `nil` for never.
    func deadline(_ bounds: ControlServer.Bounds) -> UInt64? {
        if closesAfterOutput { return since.saturatingAdd(bounds.transferTimeout) }
        switch stage {
        case .idle: return since.saturatingAdd(bounds.idleTimeout)
        case .receiving: return since.saturatingAdd(bounds.transferTimeout)
        case .replying: return output.isEmpty ? nil : since.saturatingAdd(bounds.transferTimeout)
        case .called, .subscribed: return nil
        }
    }

    // MARK: - Receiving

    /// What was found in the socket.
    enum Arrival {
        case message(ArraySlice<UInt8>)
        case part
        case nothing
        case closed
    }

    /// Takes one message, and no byte more, out of the socket: what follows is left there for whoever serves the connection then.
    /// - Parameter buffer: to receive into.
    /// - Throws: BadMessage where it is too long.
    func receive(_ buffer: inout [UInt8], now: UInt64) throws(ControlFault) -> Arrival {
        let seen: Int
        switch socket.receive(into: &buffer, count: buffer.count, isPeeking: true) {
        case .bytes(let count): seen = count
        case .nothing: return .nothing
        case .closed: return .closed
        }
        let end = buffer[..<seen].firstIndex(of: Message.end)
        // Noted before it is taken, as a call only when all of it is: told that it was interrupted, a client whose call lies in the socket still would
        // be answered twice.
        if !isReceiving { become(.receiving, now: now) }
        guard case .bytes(let taken) = socket.receive(into: &buffer, count: end.map { $0 + 1 } ?? seen) else { return .closed }
        framer.append(buffer[..<taken])
        guard let message = try framer.next() else { return .part }
        // Nobody waits for a word about a call without reply: told that it was interrupted, the client would take that for the reply to its next one.
        become(.called, now: now, notedAs: message.contains("\"oneway\"".utf8) ? .receiving : .called)
        return .message(message)
    }
}
