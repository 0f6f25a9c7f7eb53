import Glibc
import LXCFSControl
import LinuxSystem
import Synchronization
import TestContainers
import Testing

/// What a process notes of its connections, and the duplicates that it gives away.
private final class MemoryLedger: ConnectionLedger {
    private struct Content {
        var notes: [Int: ConnectionState] = [:]
        var duplicates: [Int: UnixSocketConnection] = [:]
        var pid: Int32 = 0
        var after: [Int: ConnectionState] = [:]
    }

    private let content = Mutex(Content())
    private let whenNoted: @Sendable (ConnectionState, _ slot: Int) -> Void

    init(whenNoted: @escaping @Sendable (ConnectionState, _ slot: Int) -> Void = { _, _ in }) {
        self.whenNoted = whenNoted
    }

    func register(_ slot: Int, _ connection: UnixSocketConnection) -> Bool {
        content.withLock { $0.duplicates[slot] = connection }
        return true
    }

    func forget(_ slot: Int) -> Bool {
        content.withLock { $0.duplicates[slot] = nil }
        return true
    }

    func note(_ state: ConnectionState, of slot: Int) {
        content.withLock { $0.notes[slot] = state }
        whenNoted(state, slot)
    }

    func noted(of slot: Int) -> (state: ConnectionState, pid: Int32) {
        content.withLock { content in
            defer { if let next = content.after.removeValue(forKey: slot) { content.notes[slot] = next } }
            return (content.notes[slot] ?? .closed, content.pid)
        }
    }

    /// What the process `pid`, which ends thereby, notes as soon as somebody has read what it had noted before.
    func note(_ state: ConnectionState, of slot: Int, onceReadFrom pid: Int32) {
        content.withLock {
            $0.after[slot] = state
            $0.pid = pid
        }
    }

    var inherited: [InheritedConnection] {
        content.withLock { $0.duplicates.map { InheritedConnection(slot: $0.key, connection: $0.value) } }
    }

    func state(_ slot: Int) -> ConnectionState { noted(of: slot).state }
}

@Suite("Control server: succession", .timeLimit(.minutes(2)))
struct SuccessionTests {
    private func reply(_ text: String) -> String { #"{"parameters":{"text":"\#(text)"}}"# }

    /// The same call, of one that wants no reply.
    private func withoutReply(_ call: [UInt8]) -> [UInt8] { call[..<(call.count - 2)] + Array(#","oneway":true}"#.utf8) + [0] }

    /// Somebody else has a duplicate of it, so that giving it up alone would not end it.
    @Test func aConnectionThatTheSuccessorHasNoRoomForIsClosed() throws {
        let ledger = MemoryLedger()
        let (client, there) = try UnixSocketConnection.pair()
        ledger.note(.idle, of: 7)
        _ = ledger.register(7, there)
        var bounds = ControlServer.Bounds()
        bounds.leaveRoom(in: 64)
        bounds.connections = 2
        let successor = try ToyServer(bounds, ledger: ledger, adopting: ledger.inherited)
        defer { successor.stop() }
        var buffer: [UInt8] = [0]
        while client.receive(into: &buffer, count: 1) == .nothing, !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        #expect(client.receive(into: &buffer, count: 1) == .closed)
        #expect(ledger.inherited.isEmpty)
    }

    @Test func connectionsAreLeftWithNothingLost() throws {
        let ledger = MemoryLedger()
        let first = try ToyServer(ledger: ledger)
        let idle = try first.client()
        #expect(idle.call(Echo.self, Text(text: "a")) == reply("a"))
        let subscribed = try first.client()
        #expect(subscribed.call(Subscribe.self, Nothing(), more: true)?.contains("subscribed") == true)
        let called = try first.client()
        called.send(Message.call(Wait.self, Text(text: "late")) + Message.call(Echo.self, Text(text: "after")))
        while first.server.callCount < 1, !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        let half = try first.client()
        half.send("{\"method\":")
        while ledger.state(3) != .receiving, !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }

        first.server.drain()
        // What comes now is the successor's.
        idle.send(Message.call(Echo.self, Text(text: "b")))
        first.server.handOver()
        #expect(half.receive()?.contains("io.lxcfs.Control.Interrupted") == true)
        #expect(half.receive() == nil)
        #expect(!idle.hasInput && !called.hasInput)

        // The call is answered by whoever has it; what follows it, by the successor.
        first.gate.signal()
        #expect(called.receive() == reply("late"))
        first.server.end(timeout: 10_000_000_000)
        #expect(!called.hasInput)
        let second = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        #expect(idle.receive() == reply("b"))
        #expect(called.receive() == reply("after"))
        second.server.publish(Event(kind: .seen, at: 1, text: "after"))
        #expect(subscribed.receive()?.contains(#""kind":"seen""#) == true)
        second.stop()
        first.stop()
        #expect(idle.receive() == nil)
    }

    /// Told that it was interrupted, the client would take that for the reply to its next call, and all that follow for those before.
    @Test func aCallAnsweredWhileTheSuccessorLooksIsNotAnsweredAgain() throws {
        let ledger = MemoryLedger()
        let (client, there) = try UnixSocketConnection.pair()
        ledger.note(.called, of: 3)
        _ = ledger.register(3, there)
        // No process has this number.
        ledger.note(.idle, of: 3, onceReadFrom: .max)
        let successor = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        defer { successor.stop() }
        _ = client.send(Message.call(Echo.self, Text(text: "next"))[...])
        var buffer = [UInt8](repeating: 0, count: 1000)
        while !Task.isCancelled {
            guard case .bytes(let count) = client.receive(into: &buffer, count: 1000) else {
                Clock.sleep(until: Clock.monotonic + 1_000_000)
                continue
            }
            #expect(String(decoding: buffer[..<count].dropLast(), as: UTF8.self) == reply("next"))
            break
        }
    }

    /// A keeper that has become another program has no duplicates, and asks for those of all connections.
    @Test func aConnectionThatThePredecessorStillHasIsRegisteredAgainToo() throws {
        let ledger = MemoryLedger()
        let (client, there) = try UnixSocketConnection.pair()
        ledger.note(.called, of: 3)
        _ = ledger.register(3, there)
        // The process that started this one lives.
        ledger.note(.called, of: 3, onceReadFrom: getppid())
        let successor = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        defer { successor.stop() }
        _ = ledger.forget(3)
        successor.server.registerAgain()
        // When it answers this, it has heard of that.
        #expect(try successor.client().call(Echo.self, Text(text: "")) == reply(""))
        ledger.note(.idle, of: 3)
        while !ledger.inherited.contains(where: { $0.slot == 3 }), !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        #expect(ledger.inherited.contains { $0.slot == 3 })
        withExtendedLifetime(client) {}
    }

    /// What is noted has to be true whatever the next instruction is: whoever looks may find the process dead.
    @Test func aCallIsNotedWhenAllOfItIsTakenAndASubscriptionWhenItIsConfirmed() throws {
        struct Notes {
            var states: [ConnectionState] = []
            var unreadCalls = 0
            var unconfirmed = 0
        }
        let notes = Mutex(Notes())
        let (client, there) = try UnixSocketConnection.pair()
        @Sendable func isEmpty(_ socket: UnixSocketConnection) -> Bool {
            var byte: [UInt8] = [0]
            return socket.receive(into: &byte, count: 1, isPeeking: true) == .nothing
        }
        let ledger = MemoryLedger { state, _ in
            notes.withLock { notes in
                notes.states.append(state)
                if state == .called, !isEmpty(there) { notes.unreadCalls += 1 }
                if state == .subscribed, isEmpty(client) { notes.unconfirmed += 1 }
            }
        }
        ledger.note(.idle, of: 0)
        _ = ledger.register(0, there)
        let toy = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        defer { toy.stop() }
        func noted(_ state: ConnectionState) {
            while notes.withLock({ $0.states.last != state || $0.states.count < 4 }), !Task.isCancelled {
                Clock.sleep(until: Clock.monotonic + 1_000_000)
            }
        }
        _ = client.send(withoutReply(Message.call(Echo.self, Text(text: "a")))[...])
        noted(.idle)
        // Nobody waits for a word about it.
        #expect(notes.withLock { $0.states } == [.idle, .idle, .receiving, .idle])
        notes.withLock { $0 = Notes() }
        _ = client.send(Message.call(Echo.self, Text(text: "b"))[...])
        noted(.idle)
        #expect(notes.withLock { $0.states } == [.receiving, .called, .replying, .idle])
        var buffer = [UInt8](repeating: 0, count: 1000)
        #expect(client.receive(into: &buffer, count: 1000) == .bytes(reply("b").utf8.count + 1))
        notes.withLock { $0.states = [] }
        _ = client.send(Message.call(Subscribe.self, Nothing(), more: true)[...])
        noted(.subscribed)
        #expect(notes.withLock { $0.states } == [.receiving, .called, .replying, .subscribed])
        #expect(notes.withLock { $0.unreadCalls == 0 && $0.unconfirmed == 0 })
    }

    /// Else the predecessor would end the connection when it ends.
    @Test func aCallWithoutReplyAndAClientThatHungUpAreLeftWhenTheCallIsOver() throws {
        let ledger = MemoryLedger()
        let first = try ToyServer(ledger: ledger)
        let silent = try first.client()
        silent.send(withoutReply(Message.call(Wait.self, Text(text: ""))))
        let gone = Mutex<RawClient?>(try first.client())
        gone.withLock { _ = $0?.send(Message.call(Wait.self, Text(text: ""))) }
        while first.server.callCount < 2, !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        gone.withLock { $0 = nil }
        first.server.drain()
        first.server.handOver()
        first.gate.signal()
        first.server.end(timeout: 10_000_000_000)
        #expect(ledger.state(0) == .idle && ledger.state(1) == .idle)
        #expect(ledger.inherited.count == 2)
        let second = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        #expect(silent.call(Echo.self, Text(text: "next")) == reply("next"))
        while ledger.state(1) != .closed, !Task.isCancelled { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        second.stop()
        first.stop()
    }

    /// Two processes must not send on one connection, and what is lost must not go unsaid.
    @Test func aSubscriberThatDoesNotKeepUpIsLeftWhenItHasHeardWhatItLost() throws {
        let ledger = MemoryLedger()
        var bounds = ControlServer.Bounds()
        bounds.longestBacklog = 10_000
        let first = try ToyServer(bounds, ledger: ledger)
        let slow = try first.client()
        #expect(slow.call(Subscribe.self, Nothing(), more: true)?.contains("subscribed") == true)
        // More than the socket and the backlog hold, but never more at once than the server has room for: when it has answered a call, it has taken them.
        for _ in 0..<10 {
            for _ in 0..<500 { first.server.publish(Event(kind: .seen, at: 1, text: "")) }
            #expect(try first.client().call(Echo.self, Text(text: "")) == reply(""))
        }
        first.server.drain()
        first.server.handOver()
        #expect(ledger.state(0) == .replying)
        var last = ""
        while ledger.state(0) == .replying || slow.hasInput, !Task.isCancelled {
            if slow.hasInput { last = slow.receive() ?? "" } else { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        }
        #expect(last.contains(" events were lost"))
        first.server.end(timeout: 10_000_000_000)
        #expect(ledger.state(0) == .subscribed)
        let second = try ToyServer(ledger: ledger, adopting: ledger.inherited)
        // When it answers this, it has looked through what it was left.
        #expect(try second.client().call(Echo.self, Text(text: "")) == reply(""))
        second.server.publish(Event(kind: .gone, at: 1, text: ""))
        #expect(slow.receive()?.contains(#""kind":"gone""#) == true)
        second.stop()
        first.stop()
    }

    @Test func afterASuddenEndEveryClientKnowsWhereItStands() throws {
        for (state, expected) in [
            (ConnectionState.idle, "answered"), (.called, "interrupted"), (.receiving, "interrupted, closed"), (.replying, "closed"),
            (.subscribed, "subscribed"), (.closed, "closed"),
        ] {
            let ledger = MemoryLedger()
            ledger.note(state, of: 5)
            let (here, there) = try UnixSocketConnection.pair()
            _ = ledger.register(5, here)
            let toy = try ToyServer(ledger: ledger, adopting: ledger.inherited)
            var found: [String] = []
            var buffer = [UInt8](repeating: 0, count: 1000)
            func next() -> String? {
                for _ in 0..<20_000 {
                    switch there.receive(into: &buffer, count: 1000) {
                    case .bytes(let count): return String(decoding: buffer[..<count], as: UTF8.self)
                    case .closed: return nil
                    case .nothing: Clock.sleep(until: Clock.monotonic + 1_000_000)
                    }
                }
                return ""
            }
            switch state {
            case .subscribed:
                toy.server.publish(Event(kind: .crashSurvived, at: 1, text: ""))
                if next()?.contains("crashSurvived") == true { found.append("subscribed") }
            case .idle:
                _ = there.send(Message.call(Echo.self, Text(text: "x"))[...])
                if next()?.contains(#""text":"x""#) == true { found.append("answered") }
            default:
                if let message = next() {
                    if message.contains("io.lxcfs.Control.Interrupted") { found.append("interrupted") }
                    if state == .receiving { if next() == nil { found.append("closed") } }
                } else {
                    found.append("closed")
                }
            }
            #expect(found.joined(separator: ", ") == expected, "\(state)")
            toy.stop()
        }
    }
}
