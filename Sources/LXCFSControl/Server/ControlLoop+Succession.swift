internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A connection that a predecessor is still at work on: it has the call, and leaves the connection when that is answered.
struct ForeignConnection {
    let slot: Int
    let connection: UnixSocketConnection
    /// The predecessor.
    let process: ProcessDescriptor
    let deadline: UInt64
    /// Whether whoever outlives this process has a duplicate.
    var isRegistered = true

    /// How often it is looked at, and how long at most, in nanoseconds.
    static let interval: UInt64 = 10_000_000
    static let patience: UInt64 = 30_000_000_000
}

extension ControlLoop {
    /// Goes on with the connections that a predecessor had, each as it left it.
    func adopt(_ inherited: [InheritedConnection]) {
        for one in inherited {
            guard connections.indices.contains(one.slot), connections[one.slot] == nil else {
                // The predecessor had room for more. Whoever has the duplicate would keep the client waiting for ever.
                one.connection.shutDown()
                if !server.ledger.forget(one.slot) { unforgotten.insert(one.slot) }
                continue
            }
            let pid = server.ledger.noted(of: one.slot).pid
            let predecessor = pid > 0 && pid != ProcessIdentity.pid ? try? ProcessDescriptor(pid: pid) : nil
            // Before it is read what it noted: if it has answered and ended in between, that counts.
            let isAtWork = predecessor.map { !$0.hasEnded } ?? false
            let state = server.ledger.noted(of: one.slot).state
            if let predecessor, isAtWork, [.called, .replying, .receiving].contains(state) {
                let deadline = Clock.monotonic.saturatingAdd(ForeignConnection.patience)
                foreign.append(ForeignConnection(slot: one.slot, connection: one.connection, process: predecessor, deadline: deadline))
            } else {
                goOn(with: one.slot, one.connection, state)
            }
        }
    }

    func lookAfterForeign(_ now: UInt64) {
        let waiting = foreign
        foreign = []
        for one in waiting {
            // Asked for first: what it noted before its end counts.
            let isOver = one.process.hasEnded || one.deadline <= now
            let (state, _) = server.ledger.noted(of: one.slot)
            if !isOver, [.called, .replying, .receiving].contains(state) {
                foreign.append(one)
            } else {
                goOn(with: one.slot, one.connection, state, isRegistered: one.isRegistered)
            }
        }
    }

    private func goOn(with slot: Int, _ socket: UnixSocketConnection, _ state: ConnectionState, isRegistered: Bool = true) {
        let connection = newConnection(socket, server.peers.caller(of: socket), at: slot, state)
        connection.isRegistered = isRegistered
        connections[slot] = connection
        let fault = ControlFault.interrupted(
            "lxcfs had to start anew while it worked on this; ask again, and if it was to change something, look first whether it has")
        switch state {
        case .idle: break
        case .subscribed: connection.become(.subscribed, now: Clock.monotonic)
        case .called: send([Message.fault(fault)], to: connection, rest: nil)
        case .receiving: refuse(connection, fault)
        // What the client has of the reply cannot be known.
        case .replying, .closed: close(connection)
        }
    }

    // MARK: - Leaving

    static var cutShort: [UInt8] { Message.fault(.interrupted("lxcfs was reloaded before all was told: ask again")) }

    /// Those without a call are the successor's from now on.
    func leaveConnections() {
        for connection in connections.compactMap({ $0 }) {
            register(connection)
            switch connection.stage {
            case .idle, .called: break
            case .receiving:
                refuse(connection, .interrupted("lxcfs was reloaded before the call was complete: send it again"))
            case .replying(let rest):
                guard rest != nil else { break }
                connection.closesAfterOutput = true
                connection.output.append(ControlLoop.cutShort)
                connection.become(.replying(rest: nil), now: Clock.monotonic)
            case .subscribed:
                let dropped = connection.output.removeUnbegun()
                let lost = connection.lostEvents.saturatingAdd(UInt64(dropped))
                if lost > 0 { connection.output.append(ControlLoop.lost(lost)) }
                connection.lostEvents = 0
                flush(connection)
            }
            leaveIfFinished(connection)
        }
        foreign = []
    }

    /// Those whose call is over by now, whether or not it was answered, are the successor's too: it takes them when it sees them noted as idle.
    func leaveFinished() {
        if phase == .handedOver { connections.forEach { $0.map(leaveIfFinished) } }
    }

    /// Gives it up, with everything that it is noted as, where nothing of it is this process's business any more.
    private func leaveIfFinished(_ connection: ControlConnection) {
        guard connection.output.isEmpty, !connection.closesAfterOutput else { return }
        guard connection.isIdle || connection.isSubscribed, connections[connection.place.slot] === connection else { return }
        // There is nobody to leave it to.
        if !connection.isRegistered { return close(connection) }
        connection.note()
        connections[connection.place.slot] = nil
    }

    /// Whose call cannot be answered any more is told so.
    func endWithoutAnswer(_ connection: ControlConnection) {
        if connection.isCalled { refuse(connection, .interrupted("lxcfs ends: ask again when it runs again")) }
        close(connection)
    }

    // MARK: - Duplicates

    /// Gives a duplicate to whoever outlives this process, if that has not been done.
    func register(_ connection: ControlConnection) {
        if !connection.isRegistered { connection.isRegistered = server.ledger.register(connection.place.slot, connection.socket) }
    }

    /// Whoever had the duplicates has them no more.
    func forgetRegistrations() {
        for connection in connections { connection?.isRegistered = false }
        for index in foreign.indices { foreign[index].isRegistered = false }
    }

    /// Makes good what could not be told before.
    func keepLedger(_ now: UInt64) {
        for slot in unforgotten where server.ledger.forget(slot) { unforgotten.remove(slot) }
        for connection in connections.compactMap({ $0 })
        where !connection.isRegistered && now.saturatingSubtract(connection.acceptedAt) >= ControlLoop.registrationDelay {
            register(connection)
        }
    }
}
