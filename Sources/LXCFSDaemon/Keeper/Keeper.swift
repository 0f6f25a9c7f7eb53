internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import SystemPackage

/// The process that does not die: it holds the connection to the kernel and the memory in which requests lie, and sees to it that a worker serves them.
///
/// One thread, one loop, no waiting but in poll(2). What it reads is signals, the ends of its children, and short messages of its own workers, of which
/// it believes nothing that it could not bear to be wrong. Requests, files and clients are the worker's business.
final class Keeper {
    let settings: Settings
    let connection: Connection
    let state: StateMemory
    let control: ControlSocket
    let manager: ServiceManager
    let logger: Logger
    private let signals: SignalQueue
    /// What a damaged header is made good with.
    private let constants: StateMemory.Constants
    private let claim: SharedMemory.Claim
    /// Whether the service manager has the descriptors: then the mount survives this process.
    private let isStored: Bool

    private var workers: [WorkerProcess] = []
    private var policy = RestartPolicy()
    private var echo = SignalEcho()
    private var startAt: UInt64?
    private var reload: Reload?
    private var isReloadWantedAgain = false
    private var upgrade: KeeperUpgrade
    private var isEnding = false
    private var endingSince: UInt64 = 0
    private var nextTick: UInt64 = 0
    private var stalls: StallWatch

    /// A reload that is under way.
    private struct Reload {
        /// When the old worker was told to leave; `nil` while the new one gets ready.
        var handoverAt: UInt64?
    }

    init(
        _ settings: Settings, _ kept: KeptConnection, _ control: ControlSocket, signals: consuming SignalQueue, manager: ServiceManager,
        upgrade: KeeperUpgrade, logger: Logger
    ) {
        self.settings = settings
        connection = kept.connection
        state = kept.state
        constants = kept.state.constants
        claim = kept.claim
        self.control = control
        self.manager = manager
        self.logger = logger
        self.signals = signals
        self.upgrade = upgrade
        stalls = StallWatch(RequestWatch(state.slots))
        let isConnectionStored = manager.store(connection.descriptor, name: KeeperUpgrade.connectionName)
        isStored = manager.store(state.memory.descriptor, name: KeeperUpgrade.stateName) && isConnectionStored
        state[.keeperPID] = UInt64(ProcessIdentity.pid)
    }

    /// Keeps the mount served until it is told to end. `worker` is one that serves already.
    func run(with worker: WorkerProcess?) {
        if let worker { workers.append(worker) } else { start(.starting) }
        while !(isEnding && workers.isEmpty) {
            var poll = PollSet()
            poll.add(signals.descriptor)
            for worker in workers {
                poll.add(worker.process.exitDescriptor)
                if worker.disconnectedAt == nil { poll.add(worker.link.socket.descriptor) }
            }
            upgrade.add(to: &poll)
            poll.wait(nanoseconds: timeToNextDeadline(Clock.monotonic))
            while let arrival = signals.next() { receive(arrival) }
            for worker in workers {
                takeMessages(of: worker)
                if let end = worker.process.takeEnd() { ended(worker, end) }
            }
            passDeadlines(Clock.monotonic)
            ensureService(Clock.monotonic)
            upgrade.takeEnd(logger)
            if workers.count == 1, reload == nil, !isEnding, let worker = workers.first, worker.role == .serving, upgrade.isDue() {
                upgrade.execute(self, worker)
            }
        }
    }

    /// The worker that answers requests, or would if it were not stuck.
    private var serving: WorkerProcess? { workers.first { $0.role == .serving || $0.role == .draining } }
    private var candidate: WorkerProcess? { workers.first { $0.role == .candidate } }

    // MARK: - Starting workers

    private func start(_ role: WorkerProcess.Role) {
        startAt = nil
        let isFromDisk = role == .candidate || policy.usesDisk
        let generation = state.count(.generation)
        let program = isFromDisk ? settings.program : KeeperUpgrade.ownImage
        if state.restore(constants) { logger.error("the header of the shared memory was damaged; it is as it was") }
        do throws(Errno) {
            let (here, there) = try MessageSocket.pair()
            let process = try ChildProcess(
                program: program, arguments: [settings.arguments[0], "--worker"] + settings.arguments.dropFirst(),
                environment: Keeper.workerEnvironment,
                descriptors: [connection.descriptor, state.memory.descriptor, there.descriptor] + control.descriptors,
                blockedSignals: Worker.signals)
            let worker = WorkerProcess(process, WorkerLink(socket: here), generation: generation, role: role, isFromDisk: isFromDisk)
            workers.append(worker)
            if role == .starting { worker.tellToServe(noting: state, control) }
        } catch {
            let reason = "\(program) cannot be executed (\(error))"
            if role == .candidate { reloadFailed(reason) } else { startFailed(isFromDisk: isFromDisk, reason) }
        }
    }

    /// A worker that was to serve did not get that far.
    private func startFailed(isFromDisk: Bool, isKilling: Bool = false, _ reason: String) {
        if isKilling { policy.killed() } else { policy.failed(fromDisk: isFromDisk) }
        logger.error("no worker could be started: \(reason)")
        if reload?.handoverAt != nil { reloadFailed(reason) }
    }

    /// Makes up for whoever ended: promotes the candidate, or starts another one when it is time.
    private func ensureService(_ now: UInt64) {
        if isEnding || workers.contains(where: { [.starting, .serving, .draining].contains($0.role) }) { return }
        if let candidate { return promote(candidate) }
        if let startAt {
            if startAt <= now { start(.starting) }
            return
        }
        startAt = now + policy.pause
        if policy.isGivingUp {
            logger.critical(
                """
                the keeper gives up after \(policy.failures) workers that failed one after the other; requests wait. Install a program that works as \
                \(settings.program) and send SIGUSR1; until then it tries once a minute
                """)
            manager.status("no worker can be started; see the log")
        }
    }

    // MARK: - Ends

    private func ended(_ worker: WorkerProcess, _ end: ProcessEnd) {
        takeMessages(of: worker)
        workers.removeAll { $0 === worker }
        if upgrade.concerns(worker) { upgrade.cancel() }
        let reason = worker.reason(end)
        // What the successor must know of whoever had the requests last.
        if worker.role != .retired, state[.owner] == worker.generation {
            state.lastEnd = worker.lastEnd(end)
            state[.workerPID] = 0
        }
        if isEnding { return }
        switch worker.role {
        case .retired: break
        case .candidate: reloadFailed("worker \(worker.pid): \(reason)")
        case .starting:
            startFailed(isFromDisk: worker.isFromDisk, isKilling: worker.lastEnd(end) == .killed, "worker \(worker.pid): \(reason)")
        case .serving, .draining: crashed(worker, end, reason)
        }
    }

    private func crashed(_ worker: WorkerProcess, _ end: ProcessEnd, _ reason: String) {
        let lived = worker.age(Clock.monotonic)
        state.count(.crashes)
        if lived > RestartPolicy.goodService { policy.reset() }
        // Whom somebody kills from outside is not to blame.
        if worker.lastEnd(end) != .killed, lived <= RestartPolicy.goodService { policy.failed(fromDisk: worker.isFromDisk) }
        logger.error("worker \(worker.pid) (generation \(worker.generation)): \(reason); its requests are kept for its successor")
    }

    /// SIGKILL; where even that does not end it soon, it is as good as dead: no instruction of it is executed any more.
    private func buryIfOverdue(_ worker: WorkerProcess, _ now: UInt64) {
        guard let killedAt = worker.killedAt, worker.role != .retired, now.saturatingSubtract(killedAt) > Keeper.deathTimeout else {
            return
        }
        ended(worker, .signalled(ChildProcess.killSignal))
        worker.become(.retired)
        workers.append(worker)
    }

    // MARK: - Messages and signals

    private func takeMessages(of worker: WorkerProcess) {
        // A worker gone mad must not keep the keeper busy.
        for _ in 0..<64 {
            switch worker.link.next() {
            case .message(let message): receive(message, from: worker)
            case .nothing: return
            case .closed: return worker.disconnected()
            }
        }
    }

    private func receive(_ message: WorkerMessage, from worker: WorkerProcess) {
        if worker === serving { stalls.heard() }
        switch message {
        case .ready where worker.role == .candidate: handOver(to: worker)
        case .serving where worker.role == .starting: serves(worker)
        case .drained where worker.role == .draining || isEnding:
            state.lastEnd = .handedOver
            state[.workerPID] = 0
            worker.become(.retired)
            if reload == nil { worker.link.send(.quit) }
        case .reloadWanted(let sender) where worker === serving:
            wantReload(sender == 0 ? nil : .init(signal: SIGUSR1, sender: sender, isOwn: false))
        case .toggleWanted(let sender) where worker === serving: toggle(.init(signal: SIGUSR2, sender: sender, isOwn: false))
        case .unmounted where !isEnding:
            end(isMounted: false)
        case .failed(let reason): worker.complaint = worker.complaint ?? reason
        default: if worker === serving { control.receive(message) }
        }
    }

    private func receive(_ arrival: SignalQueue.Arrival) {
        switch arrival.signal {
        case SIGUSR1: wantReload(.init(signal: SIGUSR1, sender: arrival.sender, isOwn: true))
        case SIGUSR2: toggle(.init(signal: SIGUSR2, sender: arrival.sender, isOwn: true))
        case SIGPIPE: break
        default:
            if isEnding { return }
            logger.info("ending: \(String(cString: strsignal(arrival.signal)))")
            end(isMounted: true)
        }
    }

    private func toggle(_ event: SignalEcho.Event) {
        guard echo.isNew(event, now: Clock.monotonic) else { return }
        state.showsHost.toggle()
        serving?.link.send(.virtualization(isEnabled: !state.showsHost))
        logger.notice("\(state.showsHost ? "everyone sees the host's values now" : "every container sees its own values again") (SIGUSR2)")
    }

    private func serves(_ worker: WorkerProcess) {
        let waited = worker.age(Clock.monotonic)
        worker.become(.serving)
        policy.served()
        state[.workerPID] = UInt64(worker.pid)
        stalls.heard()
        if let started = reload?.handoverAt {
            // Containers were served until calls of the control socket were answered, too.
            let now = Clock.monotonic
            reloadSucceeded(pause: now.saturatingSubtract(max(started, min(state[.stoppedAt], now))))
            upgrade.schedule(at: Clock.monotonic + Keeper.probation, as: worker.pid)
        } else {
            logger.info(
                "worker \(worker.pid) (generation \(worker.generation)) serves \(settings.mountPoint), \(waited / 1000) us after its start")
            if reload == nil { manager.ready(status: status) }
        }
    }

    // MARK: - Reload

    private func wantReload(_ event: SignalEcho.Event?) {
        if let event, !echo.isNew(event, now: Clock.monotonic) { return }
        if isEnding { return }
        if reload != nil {
            isReloadWantedAgain = true
            return
        }
        logger.notice("reloading \(settings.program)")
        manager.reloading(status: "reloading")
        reload = Reload()
        upgrade.cancel()
        guard serving != nil else {
            // Whoever is started now is as new as can be.
            policy.reset()
            if startAt != nil { startAt = 0 }
            reload?.handoverAt = Clock.monotonic
            return
        }
        start(.candidate)
    }

    private func handOver(to candidate: WorkerProcess) {
        guard let old = serving else { return promote(candidate) }
        reload?.handoverAt = Clock.monotonic
        state[.successorPID] = UInt64(candidate.pid)
        old.become(.draining)
        old.link.send(.drain)
    }

    /// The candidate's turn: whoever had the requests has drained or is dead.
    private func promote(_ candidate: WorkerProcess) {
        if reload?.handoverAt == nil { reload?.handoverAt = Clock.monotonic }
        candidate.become(.starting)
        candidate.tellToServe(noting: state, control)
    }

    private func reloadSucceeded(pause: UInt64) {
        state.count(.reloads)
        state[.reloadPause] = pause
        state.reloadReason = ""
        logger.notice("reloaded: generation \(state[.owner]), requests waited \(pause / 1000) us")
        finishReload(.succeeded, .reloaded(generation: state[.owner], pauseNanoseconds: pause))
    }

    private func reloadFailed(_ reason: String) {
        if reload == nil { return }
        state.reloadReason = reason
        logger.error("reload failed: \(reason); \(reload?.handoverAt == nil ? "the old worker goes on" : "another one is started")")
        finishReload(.failed, .reloadFailed(reason: reason))
    }

    private func finishReload(_ outcome: StateMemory.ReloadOutcome, _ message: KeeperMessage) {
        state[.reloadedAt] = Clock.boottime
        state[.reloadOutcome] = outcome.rawValue
        reload = nil
        // Who drained waits for this, to tell whoever asked, and ends; the new one tells its subscribers.
        workers.forEach { $0.link.send(message) }
        manager.ready(status: status)
        if isReloadWantedAgain {
            isReloadWantedAgain = false
            wantReload(nil)
        }
    }

    // MARK: - Time

    private func timeToNextDeadline(_ now: UInt64) -> UInt64 {
        // Whoever waits for a death or a start looks often; ticks are the rest.
        var next = nextTick
        if let startAt { next = min(next, max(startAt, now)) }
        if let soonest = upgrade.nextDeadline { next = min(next, soonest) }
        for worker in workers where worker.role != .serving || worker.killedAt != nil { next = min(next, now + Keeper.second / 4) }
        return next > now ? next - now : 0
    }

    private func passDeadlines(_ now: UInt64) {
        for worker in workers {
            switch worker.role {
            case .starting, .candidate:
                if worker.age(now) > settings.startTimeout {
                    worker.kill(as: .crashed, "was not ready within \(settings.startTimeout / Keeper.second) s")
                }
            case .draining where worker.age(now) > Keeper.drainTimeout:
                worker.kill(as: .handedOver, "did not finish its requests in time")
            // It may wait for the end of the reload.
            case .retired where worker.age(now) > settings.startTimeout + Keeper.drainTimeout: worker.kill(as: .handedOver, "did not end")
            default: break
            }
            if let lostAt = worker.disconnectedAt, now.saturatingSubtract(lostAt) > Keeper.deathTimeout {
                worker.kill(as: .crashed, "closed its connection to the keeper")
            }
            buryIfOverdue(worker, now)
        }
        if isEnding, now.saturatingSubtract(endingSince) > Keeper.drainTimeout {
            workers.forEach { $0.kill(as: .handedOver, "did not end") }
            if now.saturatingSubtract(endingSince) > Keeper.drainTimeout + Keeper.deathTimeout { workers.removeAll() }
        }
        upgrade.begin(self, now)
        if nextTick <= now { tick(now) }
    }

    private func tick(_ now: UInt64) {
        let interval = max(Keeper.shortestTick, min(Keeper.second, manager.watchdogInterval ?? Keeper.second))
        nextTick = now + interval
        manager.keepAlive()
        guard let worker = serving, worker.role == .serving, worker.killedAt == nil else { return }
        switch stalls.look(patience: settings.requestTimeout * Keeper.second / interval) {
        case .stuck(let slot, let request):
            worker.kill(
                as: .stuck,
                "is stuck: \(request), in its thread lxcfs/fuse-\(slot), was not answered for \(settings.requestTimeout) s; it is replaced")
        case .silent: worker.kill(as: .killed, "has given no sign of life for \(settings.requestTimeout) s; it is replaced")
        case nil: worker.link.send(.ping)
        }
    }

    // MARK: - The end

    private func end(isMounted: Bool) {
        isEnding = true
        endingSince = Clock.monotonic
        startAt = nil
        upgrade.cancel()
        manager.stopping(status: "ending")
        if !isMounted {
            logger.notice("unmounted from outside, or the connection was aborted")
            // Nobody can use what an abort leaves.
            _ = try? connection.unmount()
            manager.forget(name: KeeperUpgrade.connectionName)
            manager.forget(name: KeeperUpgrade.stateName)
        } else if !isStored {
            do throws(MountError) {
                try connection.unmount()
            } catch {
                logger.error("\(error)")
            }
        }
        for worker in workers {
            if worker.role == .serving { worker.link.send(.quit) } else { worker.kill(as: .handedOver, "is not needed") }
        }
    }
}
