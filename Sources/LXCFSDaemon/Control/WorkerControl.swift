internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import Synchronization
internal import SystemPackage

/// The control socket as a worker has it: served while requests are, and handed over with them.
final class WorkerControl {
    private let server: ControlServer
    private let service: ControlService
    private var inherited: [InheritedConnection] = []

    /// How long a reload waits, while containers are still served, for calls that are being answered, and for clients that are slow to send a call or to
    /// take a reply; and how long an end waits for what is left.
    private static let patience: UInt64 = 2_000_000_000
    private static let patienceWithClients: UInt64 = 200_000_000
    private static let lastPatience: UInt64 = 10_000_000_000

    init(_ service: ControlService, _ listener: UnixSocketListener) throws(Errno) {
        self.service = service
        let logger = service.logger
        var bounds = ControlServer.Bounds()
        bounds.leaveRoom(in: ProcessIdentity.raiseFileLimit())
        server = try ControlServer(
            service.methods(), listener: listener, peers: ControlPeer(proc: service.parts.host.proc),
            ledger: StateLedger(state: service.state, keeper: service.keeper), bounds: bounds, report: { logger.warning("\($0)") })
    }

    /// A client that a predecessor had; before `start`.
    func inherit(_ slot: Int, _ attachment: MessageSocket.Attachment?) {
        guard let descriptor = attachment?.take() else { return }
        inherited.append(InheritedConnection(slot: slot, connection: UnixSocketConnection(adopting: descriptor)))
    }

    /// Serves, from the moment on that requests are served.
    func start(after predecessor: StateMemory.LastEnd) {
        do throws(Errno) {
            try server.start(adopting: inherited)
        } catch {
            return service.logger.error("no thread can be started for the control socket (\(error)); raise the limit of processes")
        }
        inherited = []
        service.server.withLock { $0 = server }
        service.events.listen { [server] in server.publish($0) }
        if predecessor != .handedOver {
            service.events.post(.crashSurvived, "the worker before ended unexpectedly; worker \(ProcessIdentity.pid) serves in its place")
        }
    }

    /// Gives the keeper all connections anew: it is another program now.
    func registerAgain() { server.registerAgain() }

    /// Leaves the connections to the successor. Before requests are: what is being answered may look at containers.
    func handOver() {
        service.events.listen(nil)
        server.drain()
        let since = Clock.monotonic
        while true {
            // Who waits for the reload waits for this.
            let waiting = service.keeper.waitingForReload
            let patience = server.callCount > waiting ? WorkerControl.patience : WorkerControl.patienceWithClients
            if server.busyCount <= waiting || Clock.monotonic - since > patience { break }
            Clock.sleep(until: Clock.monotonic + 200_000)
        }
        server.handOver()
    }

    /// Answers what is left, where requests are handed over; else ends it.
    func end(isHandedOver: Bool) {
        service.events.listen(nil)
        if !isHandedOver { server.drain() }
        server.end(timeout: isHandedOver ? WorkerControl.lastPatience : 0)
    }
}

/// Connections are noted in the memory that outlives workers, and their duplicates kept by the keeper.
private struct StateLedger: ConnectionLedger {
    let state: StateMemory
    let keeper: KeeperLink

    func register(_ slot: Int, _ connection: UnixSocketConnection) -> Bool {
        // What else the two have to say to each other comes first, however many clients there are.
        keeper.socket.isFilled(below: 1) && keeper.send(.client(slot: slot, nil), with: connection.descriptor)
    }

    func forget(_ slot: Int) -> Bool {
        keeper.socket.isFilled(below: 1) && keeper.send(.clientGone(slot: slot))
    }

    func note(_ connection: ConnectionState, of slot: Int) {
        state[client: slot] = UInt64(UInt32(bitPattern: ProcessIdentity.pid)) << 8 | UInt64(connection.rawValue)
    }

    func noted(of slot: Int) -> (state: ConnectionState, pid: Int32) {
        let word = state[client: slot]
        return (ConnectionState(rawValue: UInt8(truncatingIfNeeded: word)) ?? .closed, Int32(truncatingIfNeeded: word >> 8))
    }
}
