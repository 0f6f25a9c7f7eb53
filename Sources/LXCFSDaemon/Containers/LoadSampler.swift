internal import Cgroups
internal import ContainerViews
internal import LinuxSystem
internal import Synchronization

/// Feeds the load averages of the containers that somebody reads, takes up those that a predecessor knew, and clears away what is gone.
///
/// A pass comes every 5 seconds. All containers together may have `tasksPerPass` tasks looked at one by one; see `TaskCounter` for what happens
/// beyond that.
final class LoadSampler: Sendable {
    /// Tasks that one pass looks at: at about 10 microseconds each, a few per cent of one CPU.
    static let tasksPerPass = 10_000

    private let resolver: ScopeResolver
    private let memory: WorkerMemory
    private let counters: ExclusivePool<TaskCounter>
    private let isStopping = Atomic(false)

    init(_ host: HostFilesystem, resolver: ScopeResolver, memory: WorkerMemory) {
        self.resolver = resolver
        self.memory = memory
        counters = ExclusivePool { TaskCounter(host) }
    }

    /// The body of the sampler's thread; returns after `stop`.
    func run() {
        resolver.recall { !isStopping.load(ordering: .relaxed) }
        // At the same moments in every worker: one that lives less than an interval does not put off the pass of its successor.
        var next = Clock.monotonic / LoadAverages.interval * LoadAverages.interval
        while true {
            next += LoadAverages.interval
            while !isStopping.load(ordering: .relaxed), Clock.monotonic < next { Clock.sleep(until: next) }
            if isStopping.load(ordering: .relaxed) { return }
            pass()
            resolver.sweep()
            memory.returnFreeMemory()
            // After a pass that took too long, or a sleep of the machine, go on from now.
            next = max(next, Clock.monotonic / LoadAverages.interval * LoadAverages.interval)
        }
    }

    /// Makes `run` return; the thread has to be interrupted too.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// Counts a container at once if that is overdue: the first reader of its load shall not see 0.00, and where workers end before their first pass
    /// the load goes on all the same.
    func countIfOverdue(_ scope: ContainerScope) {
        guard !scope.isHost, scope.load.withLock({ $0.isOverdue(at: Clock.boottime) }) else { return }
        count(scope, resolver.known.first { $0.scope === scope }?.taskCgroup, budget: LoadSampler.tasksPerPass / 10)
    }

    private func pass() {
        let now = Clock.boottime
        let watched = resolver.known.filter { container in container.scope.load.withLock { $0.isWatched(at: now) } }
        for container in watched {
            if isStopping.load(ordering: .relaxed) { return }
            count(container.scope, container.taskCgroup, budget: max(64, LoadSampler.tasksPerPass / watched.count))
        }
    }

    private func count(_ scope: ContainerScope, _ cgroup: Cgroup?, budget: Int) {
        guard let cgroup else { return }
        let sample = counters.withElement { $0.count(below: cgroup, budget: budget) }
        scope.load.withLock { load in
            load.sample(sample, now: Clock.boottime, startedAt: scope.startedAt)
            scope.checkpoint(load)
        }
    }
}
