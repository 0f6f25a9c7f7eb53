package import LinuxSystem
internal import ProcText
internal import Synchronization
package import SystemPackage

/// Serves the control socket: one thread for all connections, which never waits for one of them, and a few on which calls are answered.
///
/// What it holds to is stated in the interface file. It may be told to leave its connections to another process (`handOver`); what each of them is about
/// is noted in a `ConnectionLedger` all the time.
package final class ControlServer: Sendable {
    /// What clients are held to; times in nanoseconds.
    package struct Bounds: Sendable {
        package var connections = ControlBounds.connections
        package var connectionsForRoot = ControlBounds.connectionsForRoot
        package var connectionsPerUser = ControlBounds.connectionsPerUser
        package var callsPerUser = ControlBounds.callsPerUser
        package var transferTimeout = ControlBounds.transferTimeout
        package var idleTimeout = ControlBounds.idleTimeout
        package var logInterval = ControlBounds.logInterval
        package var longestBacklog = ControlBounds.longestBacklog
        /// Calls that are worked on at once, and how many of them may be of users that are not privileged.
        package var calls = 16
        package var callsOfUsers = 12
        /// No more replies are made while more bytes than this wait to be sent.
        package var highWater = 64 << 10

        package init() {}

        /// Has fewer connections where there are few descriptors: containers are served first.
        /// - Parameter descriptors: how many this process may have.
        package mutating func leaveRoom(in descriptors: UInt64) {
            connections = min(connections, Int(clamping: descriptors / 8))
            connectionsForRoot = min(connectionsForRoot, Int(clamping: descriptors / 16))
        }

        /// Connections that there can be, each with a slot of its own.
        package var slots: Int { connections + connectionsForRoot }
    }

    /// What it is doing.
    enum Phase: Int, Comparable {
        /// What a predecessor had is looked through.
        case starting
        case serving
        /// No connection is accepted and no call begun; those that are under way go on.
        case draining
        /// Connections without a call are left to the successor, the others when their call is answered.
        case handedOver
        /// Everything is closed.
        case ending

        static func < (one: Phase, other: Phase) -> Bool { one.rawValue < other.rawValue }
    }

    /// What other threads leave for the I/O thread.
    struct Inbox {
        var phase = Phase.starting
        var outcomes: [(place: CallPool.Place, outcome: CallOutcome)] = []
        var events: [Event] = []
        /// Events for which there was no room here.
        var lostEvents: UInt64 = 0
        /// Whether whoever outlives this process is to be given all connections anew.
        var isRegistryLost = false
        /// The phase that the I/O thread has come to.
        var reached = Phase.starting
    }

    let methods: MethodTable
    let listener: UnixSocketListener?
    let peers: ControlPeer
    let ledger: any ConnectionLedger
    let bounds: Bounds
    let report: @Sendable (String) -> Void
    let inbox = Mutex(Inbox())
    let wake: EventDescriptor
    let counts = Counts()
    private let thread = Mutex<JoinableThread?>(nil)

    /// What other threads may ask for.
    final class Counts: Sendable {
        let connections = Atomic(0)
        let subscribers = Atomic(0)
        /// Calls that a thread works on, or will.
        let calls = Atomic(0)
        /// Connections with a call that has begun and is not answered.
        let busy = Atomic(0)
    }

    /// Events that wait for the I/O thread.
    private static let mostEvents = 1024
    private static let stackSize = 512 << 10

    /// - Parameters:
    ///   - listener: `nil` where only connections that others had are served.
    ///   - report: one line for the log about clients that keep to nothing; at most every `bounds.logInterval`.
    /// - Throws: where there are no descriptors left.
    package init(
        _ methods: MethodTable, listener: UnixSocketListener?, peers: ControlPeer, ledger: any ConnectionLedger = NoLedger(),
        bounds: Bounds = Bounds(), report: @escaping @Sendable (String) -> Void
    ) throws(Errno) {
        self.methods = methods
        self.listener = listener
        self.peers = peers
        self.ledger = ledger
        self.bounds = bounds
        self.report = report
        wake = try EventDescriptor()
    }

    /// Begins to serve, once; returns when it does.
    /// - Parameter inherited: connections that a predecessor had; what it noted of them says how they go on.
    package func start(adopting inherited: [InheritedConnection] = []) throws(Errno) {
        let pool = try CallPool(limit: bounds.calls) { [self] place, outcome in
            inbox.withLock { $0.outcomes.append((place, outcome)) }
            wake.signal()
        }
        let started = try JoinableThread(name: "lxcfs/control", stackSize: ControlServer.stackSize) { [self] in
            JoinableThread.yieldToOthers(by: CallPool.nice)
            let loop = ControlLoop(self, pool)
            loop.adopt(inherited)
            loop.run()
        }
        thread.withLock { $0 = started }
        enter(.serving)
    }

    /// Connections that are served now.
    package var connectionCount: Int { counts.connections.load(ordering: .relaxed) }

    /// Calls that are being worked on.
    package var callCount: Int { counts.calls.load(ordering: .acquiring) }

    /// Connections with a call that has begun and is not answered.
    package var busyCount: Int { counts.busy.load(ordering: .acquiring) }

    /// Tells all subscribers. Any thread may; it does not wait.
    package func publish(_ event: Event) {
        guard counts.subscribers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        inbox.withLock { inbox in
            if inbox.events.count < ControlServer.mostEvents { inbox.events.append(event) } else { inbox.lostEvents += 1 }
        }
        wake.signal()
    }

    /// Gives duplicates of all connections to whoever outlives this process, as if it had none.
    package func registerAgain() {
        inbox.withLock { $0.isRegistryLost = true }
        wake.signal()
    }

    // MARK: - The end

    /// Accepts no more connections and begins no more calls; returns when that is so.
    package func drain() { enter(.draining) }

    /// Leaves every connection without a call to the successor, and the others when they have been answered; returns when the first is done.
    package func handOver() { enter(.handedOver) }

    /// Waits until nothing is left that was to be answered, then closes what there is and ends the threads.
    /// - Parameter timeout: in nanoseconds.
    package func end(timeout: UInt64) {
        let deadline = Clock.monotonic.saturatingAdd(timeout)
        while busyCount > 0, Clock.monotonic < deadline { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        enter(.ending)
        thread.withLock { $0.take() }?.join()
    }

    private func enter(_ phase: Phase) {
        guard thread.withLock({ $0 != nil }) else { return }
        inbox.withLock { $0.phase = max($0.phase, phase) }
        wake.signal()
        while inbox.withLock({ $0.reached < phase }) { Clock.sleep(until: Clock.monotonic + 100_000) }
    }
}
