internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// The I/O thread of a control server: it has all connections, and nobody else touches them.
final class ControlLoop {
    let server: ControlServer
    let pool: CallPool
    let bounds: ControlServer.Bounds
    /// By slot.
    var connections: [ControlConnection?]
    /// Connections of a predecessor that is still at work on them.
    var foreign: [ForeignConnection] = []
    /// Slots whose duplicates are to be closed by whoever has them, and does not know yet.
    var unforgotten: Set<Int> = []
    var report: ClientReport
    private(set) var phase = ControlServer.Phase.starting
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private var serial: UInt64 = 0
    /// When connections are accepted again, in nanoseconds of CLOCK_MONOTONIC.
    private var acceptsAt: UInt64 = 0
    /// Which slot is looked at first: another one each time, so that none is always served before the rest.
    private var firstSlot = 0

    /// How long nothing is accepted when there are no descriptors, or when most of those who come are turned away.
    private static let pauseWithoutRoom: UInt64 = 100_000_000
    private static let pauseOfFlood: UInt64 = 5_000_000
    private static let acceptsAtOnce = 32
    private static let turnedAwayAtOnce = 8
    /// How long a connection may be without a call until whoever outlives this process is given a duplicate: who hangs up at once is not worth it.
    static let registrationDelay: UInt64 = 50_000_000

    init(_ server: ControlServer, _ pool: CallPool) {
        self.server = server
        self.pool = pool
        bounds = server.bounds
        connections = [ControlConnection?](repeating: nil, count: bounds.slots)
        report = ClientReport(every: bounds.logInterval, server.report)
    }

    func run() {
        while phase != .ending {
            var poll = PollSet()
            poll.add(server.wake.descriptor)
            let isAccepting = mayAccept
            let listening = server.listener.flatMap { isAccepting ? poll.add($0.descriptor, input: true, output: false) : nil }
            let waiting = addConnections(to: &poll)
            poll.wait(nanoseconds: timeToDeadline(Clock.monotonic, isAccepting: isAccepting))
            if poll.hasInput(server.wake.descriptor) { server.wake.clear() }
            takeInbox()
            if let listening, phase == .serving, poll.readiness(at: listening).isAny { acceptConnections() }
            for (connection, place) in waiting where connections[connection.place.slot] === connection {
                let readiness = poll.readiness(at: place)
                if readiness.isAny { serve(connection, readiness) }
            }
            let now = Clock.monotonic
            passDeadlines(now)
            leaveFinished()
            lookAfterForeign(now)
            keepLedger(now)
            report.say(now)
            count()
        }
        for connection in connections.compactMap({ $0 }) { endWithoutAnswer(connection) }
        count()
        pool.end(deadline: Clock.monotonic.saturatingAdd(ControlLoop.pauseWithoutRoom))
    }

    private var mayAccept: Bool { phase == .serving && acceptsAt <= Clock.monotonic }

    /// Those who are waited for, with their places in the poll set.
    private func addConnections(to poll: inout PollSet) -> [(ControlConnection, Int)] {
        firstSlot = (firstSlot + 1) % max(connections.count, 1)
        let order = connections[firstSlot...] + connections[..<firstSlot]
        return order.compactMap { connection in
            guard let connection else { return nil }
            let input = mayReceive(connection)
            // One that hung up is ready all the time.
            if connection.isHungUp, !input { return nil }
            return (connection, poll.add(connection.socket.descriptor, input: input, output: !connection.output.isEmpty))
        }
    }

    private func takeInbox() {
        let (wanted, outcomes, events, lost) = server.inbox.withLock { inbox in
            defer {
                inbox.outcomes = []
                inbox.events = []
                inbox.lostEvents = 0
                inbox.isRegistryLost = false
            }
            if inbox.isRegistryLost { forgetRegistrations() }
            return (inbox.phase, inbox.outcomes, inbox.events, inbox.lostEvents)
        }
        for (place, outcome) in outcomes {
            server.counts.calls.subtract(1, ordering: .acquiringAndReleasing)
            guard let connection = connections[place.slot], connection.place == place else { continue }
            take(outcome, for: connection)
        }
        publish(events, lost: lost)
        if wanted > phase {
            phase = wanted
            if phase == .handedOver { leaveConnections() }
            count()
            server.inbox.withLock { $0.reached = wanted }
        }
    }

    private func count() {
        let open = connections.compactMap { $0 }
        server.counts.connections.store(open.count, ordering: .relaxed)
        server.counts.subscribers.store(open.count { $0.isSubscribed }, ordering: .relaxed)
        // What is still here after the others were left to the successor is here to be finished.
        let busy = phase >= .handedOver ? open.count : open.count { !$0.isIdle && !$0.isSubscribed || $0.closesAfterOutput }
        server.counts.busy.store(busy, ordering: .releasing)
    }

    // MARK: - Time

    /// - Parameter isAccepting: whether new connections are waited for already. If not, that time may have come meanwhile.
    private func timeToDeadline(_ now: UInt64, isAccepting: Bool) -> UInt64? {
        var next: UInt64?
        func note(_ time: UInt64?) {
            if let time { next = min(next ?? .max, time) }
        }
        if phase == .serving, !isAccepting { note(acceptsAt) }
        note(report.deadline)
        if !foreign.isEmpty { note(now + ForeignConnection.interval) }
        if !unforgotten.isEmpty { note(now + ControlLoop.registrationDelay) }
        for connection in connections.compactMap({ $0 }) {
            note(connection.deadline(bounds))
            // Tried again where it did not work; so never at once.
            if !connection.isRegistered {
                note(max(connection.acceptedAt, now.saturatingSubtract(1_000_000)) + ControlLoop.registrationDelay)
            }
        }
        return next.map { $0.saturatingSubtract(now) }
    }

    private func passDeadlines(_ now: UInt64) {
        for connection in connections.compactMap({ $0 }) {
            guard let deadline = connection.deadline(bounds), deadline <= now else { continue }
            if connection.isReceiving, !connection.closesAfterOutput {
                report.note(connection.caller, "a call was not complete after \(bounds.transferTimeout / 1_000_000_000) s")
                refuse(
                    connection,
                    .badMessage("a call must be complete \(bounds.transferTimeout / 1_000_000_000) seconds after its first byte"))
                continue
            }
            if !connection.isIdle { report.note(connection.caller, "it did not take up a reply") }
            close(connection)
        }
    }

    // MARK: - Accepting

    private func acceptConnections() {
        guard let listener = server.listener else { return }
        var turnedAway = 0
        for _ in 0..<ControlLoop.acceptsAtOnce {
            do throws(Errno) {
                guard let socket = try listener.accept() else { return }
                if !admit(socket) { turnedAway += 1 }
            } catch {
                // They wait; whoever is connected is served in the meantime.
                acceptsAt = Clock.monotonic + ControlLoop.pauseWithoutRoom
                return
            }
            if turnedAway >= ControlLoop.turnedAwayAtOnce {
                acceptsAt = Clock.monotonic + ControlLoop.pauseOfFlood
                return
            }
        }
    }

    private func admit(_ socket: UnixSocketConnection) -> Bool {
        let caller = server.peers.caller(of: socket)
        let slot = connections.indices.first { slot in connections[slot] == nil && !foreign.contains { $0.slot == slot } }
        guard let limit = limitReached(caller) else { return insert(socket, caller, at: slot) }
        let whose = limit == bounds.connectionsPerUser ? " of one user" : ""
        let fault = ControlFault.tooManyConnections(
            limit: limit, "at most \(limit) connections\(whose) are served: close one, or try again later")
        report.note(caller, "it was one connection too many, beyond \(limit)\(whose)")
        _ = socket.send(Message.fault(fault)[...])
        return false
    }

    private func insert(_ socket: UnixSocketConnection, _ caller: ControlCaller, at slot: Int?) -> Bool {
        guard let slot else { return false }
        // A duplicate that its last user had is replaced by the next one.
        unforgotten.remove(slot)
        let connection = newConnection(socket, caller, at: slot, .idle)
        connections[slot] = connection
        // Most have sent their call by now; it is not lost with this process from the moment on that it was taken up.
        if mayReceive(connection) { receive(connection, isReady: false) }
        return true
    }

    /// - Parameter state: what is noted of it from now on.
    func newConnection(
        _ socket: UnixSocketConnection, _ caller: ControlCaller, at slot: Int, _ state: ConnectionState
    ) -> ControlConnection {
        serial += 1
        let place = CallPool.Place(slot: slot, serial: serial)
        return ControlConnection(place, socket, caller, ledger: server.ledger, state: state, now: Clock.monotonic)
    }

    /// Which limit one more connection would pass; `nil` if none.
    private func limitReached(_ caller: ControlCaller) -> Int? {
        let open = connections.compactMap { $0 }
        let count = open.count + foreign.count
        if caller.refusal == nil { return count < bounds.slots ? nil : bounds.slots }
        if count >= bounds.connections { return bounds.connections }
        let own = open.count { $0.caller.uid == caller.uid && !$0.isPrivileged }
        return own < bounds.connectionsPerUser ? nil : bounds.connectionsPerUser
    }

    // MARK: - Calls

    /// Whether a call of this connection could be begun now, or goes on to be received.
    private func mayReceive(_ connection: ControlConnection) -> Bool {
        if connection.closesAfterOutput { return false }
        if connection.isReceiving { return phase <= .draining }
        guard connection.isIdle, phase == .serving else { return false }
        let calls = server.counts.calls.load(ordering: .relaxed)
        if connection.isPrivileged { return calls < bounds.calls }
        // Some threads are left to those who set things right.
        let uid = connection.caller.uid
        return calls < bounds.callsOfUsers
            && connections.count { $0.map { $0.caller.uid == uid && !$0.isPrivileged && $0.isCalled } ?? false } < bounds.callsPerUser
    }

    private func serve(_ connection: ControlConnection, _ readiness: PollSet.Readiness) {
        if readiness.output { flush(connection) }
        if readiness.input || readiness.hangUp, connections[connection.place.slot] === connection, mayReceive(connection) {
            receive(connection, isReady: readiness.input)
        } else if readiness.hangUp {
            hungUp(connection)
        }
    }

    /// The client is gone. What it had sent before is still worked on; there may be calls among it that want no reply.
    private func hungUp(_ connection: ControlConnection) {
        connection.isHungUp = true
        connection.output.removeAll()
        switch connection.stage {
        case .called: break
        case .idle where !connection.closesAfterOutput: break
        case .replying where !connection.closesAfterOutput: connection.become(.idle, now: Clock.monotonic)
        default: close(connection)
        }
    }

    /// - Parameter isReady: whether poll(2) has found that there is something.
    private func receive(_ connection: ControlConnection, isReady: Bool) {
        let now = Clock.monotonic
        do throws(ControlFault) {
            switch try connection.receive(&buffer, now: now) {
            case .message(let message): begin(message, for: connection)
            case .part: break
            // Data out of band, send(2): the socket is ready for ever, and has nothing to be read.
            case .nothing where isReady: throw .badMessage("data out of band is no part of a call")
            case .nothing: break
            case .closed: close(connection)
            }
        } catch {
            report.note(connection.caller, error.reason)
            refuse(connection, error)
        }
    }

    private func begin(_ message: ArraySlice<UInt8>, for connection: ControlConnection) {
        register(connection)
        let methods = server.methods
        let caller = connection.caller
        let highWater = bounds.highWater
        run(for: connection) { CallOutcome(of: message, methods, caller, highWater: highWater) }
    }

    func run(for connection: ControlConnection, _ body: @escaping @Sendable () -> CallOutcome) {
        server.counts.calls.add(1, ordering: .acquiringAndReleasing)
        if pool.run(CallPool.Job(place: connection.place, body: body)) { return }
        server.counts.calls.subtract(1, ordering: .acquiringAndReleasing)
        send([Message.fault(.unavailable("no thread can be started; raise the limit of processes"))], to: connection, rest: nil)
    }

    func close(_ connection: ControlConnection) {
        let slot = connection.place.slot
        guard connections[slot] === connection else { return }
        connection.note(.closed)
        // What is left unread would make the kernel tell the client of a reset.
        _ = connection.socket.receive(into: &buffer, count: buffer.count)
        connection.socket.shutDown()
        connections[slot] = nil
        if connection.isRegistered, !server.ledger.forget(slot) { unforgotten.insert(slot) }
    }
}
