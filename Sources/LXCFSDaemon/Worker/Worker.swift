internal import FUSE
internal import Glibc
internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import Synchronization
internal import SystemPackage

/// The process that answers: it is given the connection and the shared memory by the keeper, and may die at any moment without loss.
final class Worker {
    /// The descriptors that the keeper gives it.
    static let connectionDescriptor: CInt = 3
    static let stateDescriptor: CInt = 4
    static let linkDescriptor: CInt = 5
    /// The control socket, where there is one.
    static let controlDescriptor: CInt = 6
    /// The signals that keeper and worker receive by reading. A worker starts with them blocked: `kill -USR1 $(pidof lxcfs)` may come before it can.
    static let signals = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE]

    private let configuration: Configuration
    private let logger: Logger
    private let keeper: KeeperLink
    private let state: StateMemory
    private let connection: Connection
    private let parts: WorkerParts
    private let session: Session
    private let signals: SignalQueue
    private let control: WorkerControl?
    private var sampling: JoinableThread?
    private var isServing = false
    private var isHandedOver = false
    private var generation: UInt64 = 0
    private var isOrphan = false
    /// Whether the keeper is done with it.
    private var isOver = false

    /// Takes what the keeper left for it, and makes everything that can be made before it serves.
    init(_ configuration: Configuration, keeper: KeeperLink, listener: UnixSocketListener?, logger: Logger) throws(StartError) {
        self.configuration = configuration
        self.logger = logger
        self.keeper = keeper
        do throws(Errno) {
            signals = try SignalQueue(Worker.signals)
            state = try StateMemory(adopting: OwnedFileDescriptor(adopting: Worker.stateDescriptor))
        } catch {
            throw .noKeeper(error)
        }
        guard let initRequest = state.initRequest else { throw .noKeeper(.invalidArgument) }
        connection = Connection(adopting: OwnedFileDescriptor(adopting: Worker.connectionDescriptor), initRequest: initRequest, mount: nil)
        parts = try WorkerParts(configuration, state, logger)
        let service = ControlService(configuration, connection, state, parts, keeper, logger)
        control = listener.flatMap { try? WorkerControl(service, $0) }
        do throws(SessionError) {
            session = try Session(
                connection, fileSystem: parts.fileSystem, slots: RequestSlots(in: state.slots), tracesRequests: configuration.isDebugging,
                onEvent: SessionReport(logger: logger, keeper: keeper).note)
        } catch {
            throw .session(error.description)
        }
    }

    /// Works until the keeper is done with it. As an orphan it goes on, until a signal or the end of the mount.
    func run() throws(StartError) {
        // A keeper that cannot wait has said so already.
        if !keeper.hasInput, let fault = parts.selfTest() { throw .selfTest(fault) }
        keeper.send(.ready)
        while !isOver {
            var poll = PollSet()
            poll.add(signals.descriptor)
            if !isOrphan { poll.add(keeper.socket.descriptor) }
            poll.wait(nanoseconds: nil)
            while let arrival = signals.next() { receive(arrival) }
            if !isOrphan { try takeMessages() }
        }
        control?.end(isHandedOver: isHandedOver)
        stopServing()
        if isOrphan { unmount() } else { keeper.send(.drained) }
    }

    // MARK: - What the keeper says

    private func takeMessages() throws(StartError) {
        while !isOver {
            switch keeper.next() {
            case .message(let message): try receive(message)
            case .nothing: return
            case .closed: return try becomeOrphan()
            }
        }
    }

    private func receive(_ message: KeeperMessage) throws(StartError) {
        switch message {
        case .serve(let generation): try serve(as: generation)
        case .drain:
            control?.handOver()
            isHandedOver = true
            state[.stoppedAt] = Clock.monotonic
            stopServing()
            state[.workerPID] = 0
            keeper.send(.drained)
        case .reloaded(let generation, let pause) where generation == self.generation:
            parts.events.post(.reloaded, "version \(Version.current) serves, generation \(generation); requests waited \(pause / 1000) us")
        case .reloaded(let generation, let pause):
            keeper.finish(.success(ReloadReport(generation: generation, pauseNanoseconds: pause)))
            if !isServing { isOver = true }
        case .reloadFailed(let reason):
            parts.events.post(.reloadFailed, "the reload failed: \(reason)")
            keeper.finish(.failure(.failed(reason: reason)))
            if !isServing { isOver = true }
        case .ping: keeper.send(.alive)
        case .quit: isOver = true
        case .client(let slot, let attachment): control?.inherit(slot, attachment)
        case .registerAgain: control?.registerAgain()
        case .virtualization(let isEnabled): parts.events.post(.virtualization, ControlService.virtualization(isEnabled))
        }
    }

    /// The mount must not die with the keeper: it is served until somebody starts lxcfs again, or ends this process.
    private func becomeOrphan() throws(StartError) {
        isOrphan = true
        if isServing {
            // Whoever was to follow shall not.
            state[.successorPID] = UInt64(ProcessIdentity.pid)
        } else if isSuccessor() {
            try serve(as: state.count(.generation))
        } else {
            isOrphan = false
            isOver = true
            return
        }
        keeper.finish(.failure(.noKeeper))
        // It told the keeper, which did not live to act on it.
        if !connection.isAlive {
            isOver = true
            return
        }
        logger.error(
            "the keeper is gone; worker \(ProcessIdentity.pid) serves \(configuration.mountPoint) alone. Start lxcfs again: it takes over from here"
        )
    }

    /// Whether it is this worker's turn, now that no keeper says so. Waits until whoever serves has drained, is dead, or goes on.
    private func isSuccessor() -> Bool {
        let own = UInt64(ProcessIdentity.pid)
        while state[.successorPID] == own {
            let serving = state[.workerPID]
            guard serving != 0, serving != own, let process = try? ProcessDescriptor(pid: Int32(clamping: serving)), !process.hasEnded
            else {
                return true
            }
            usleep(1000)
        }
        return false
    }

    private func receive(_ arrival: SignalQueue.Arrival) {
        switch arrival.signal {
        case SIGUSR1 where !isOrphan: keeper.send(.reloadWanted(sender: arrival.sender))
        case SIGUSR2 where !isOrphan: keeper.send(.toggleWanted(sender: arrival.sender))
        case SIGUSR1: logger.error("cannot reload: the keeper is gone; start lxcfs again")
        case SIGUSR2: state.showsHost.toggle()
        case SIGPIPE: break
        default:
            // What ends the daemon ends the keeper, which then says so.
            if isOrphan { isOver = true }
        }
    }

    /// Nobody else is left to do it.
    private func unmount() {
        guard let mount = Connection.mount(at: configuration.mountPoint), mount.device == state.device else { return }
        do throws(MountError) {
            try mount.detach()
        } catch {
            logger.error("\(error)")
        }
    }

    // MARK: - Serving

    private func serve(as generation: UInt64) throws(StartError) {
        guard !isServing else { return }
        let predecessor = state.lastEnd
        self.generation = generation
        state[.owner] = generation
        state.servingVersion = Version.current
        // Not left to the keeper, which may die before it hears of it: a new one finds an orphan by this.
        state[.workerPID] = UInt64(ProcessIdentity.pid)
        let found = parts.memory.takeOver()
        logger.log(level: found.broken > 0 ? .warning : .debug, "took over \(found)")
        if found.isFresh { logger.info("\(Version.current) reads \(parts.layoutDescription)") }
        // Of each worker: a reload may be to a program or with privileges that do not suffice any more.
        if case .impossible(let reason) = parts.cgroupTree { logger.notice("no cgroup tree: \(reason)") }
        let inherited = session.takeOver(after: PredecessorEnd(predecessor))
        parts.memory.counters.add(.replayedRequests, UInt64(max(0, inherited.waiting)))
        parts.memory.counters.add(.refusedRequests, UInt64(max(0, inherited.condemned)))
        // First, so that what is missing for it ends this worker before it has requests that would be blamed for that.
        do throws(Errno) {
            let sampler = parts.sampler
            sampling = try JoinableThread(name: "lxcfs/load", stackSize: 512 << 10) { sampler.run() }
        } catch {
            throw .threads(error)
        }
        do throws(SessionError) {
            try session.start()
        } catch {
            throw .session(error.description)
        }
        isServing = true
        keeper.send(.serving)
        control?.start(after: predecessor)
    }

    private func stopServing() {
        guard isServing else { return }
        isServing = false
        parts.sampler.stop()
        session.stop()
        while let sampling, !sampling.isFinished {
            sampling.interrupt()
            usleep(200)
        }
        sampling?.join()
        sampling = nil
    }
}

extension PredecessorEnd {
    init(_ end: StateMemory.LastEnd) {
        switch end {
        case .handedOver: self = .handedOver
        case .killed: self = .killed
        case .crashed: self = .crashed
        case .stuck: self = .stuck
        }
    }
}
