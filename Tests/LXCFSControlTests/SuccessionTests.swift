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
