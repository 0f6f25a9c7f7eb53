package import Cgroups
package import Synchronization

/// One container as its views see it: its controllers, its age, and what must be remembered from one read to the next.
package final class ContainerScope: Sendable {
    /// The cgroup that names it best, for people: `/docker/4f5a...`.
    package let name: String
    /// Whether this is the host itself: the root cgroup of every hierarchy.
    package let isHost: Bool
    /// When it started, in nanoseconds of CLOCK_BOOTTIME.
    package let startedAt: UInt64

    /// Memory; `nil` where no hierarchy of the host has the controller, as for all that follow.
    package let memory: (any MemoryController)?
    package let bandwidth: (any CPUBandwidthController)?
    package let accounting: (any CPUAccountingController)?
    package let cpuset: (any CPUSetController)?
    package let io: (any IOController)?
    package let pids: (any PIDsController)?
    package let hugetlb: (any HugeTLBController)?
    package let pressure: (any PressureController)?

    /// When the container was last asked for, in nanoseconds of CLOCK_MONOTONIC.
    package let lastUse = Atomic<UInt64>(0)
    /// Texts that it was given by this worker.
    package let reads = Atomic<UInt64>(0)
    /// The last good text of each small file, by the number of its node, for when its view fails.
    package let lastGood = Mutex<[UInt32: [UInt8]]>([:])
    /// CPU time shown so far, so that no counter ever goes back. Whoever changes it calls `checkpoint` before the lock is given back.
    package let cpuTimes: Mutex<CPUTimesHistory>
    /// The load averages; fed by the sampler. Whoever changes them calls `checkpoint` before the lock is given back.
    package let load: Mutex<LoadAverages>
    // Lock order: either of the two before whatever the store locks.
    private let accumulators: (any AccumulatorStore)?

    package init(
        name: String, isHost: Bool, startedAt: UInt64, memory: (any MemoryController)? = nil,
        bandwidth: (any CPUBandwidthController)? = nil,
        accounting: (any CPUAccountingController)? = nil, cpuset: (any CPUSetController)? = nil, io: (any IOController)? = nil,
        pids: (any PIDsController)? = nil, hugetlb: (any HugeTLBController)? = nil, pressure: (any PressureController)? = nil,
        accumulators: (any AccumulatorStore)? = nil
    ) {
        self.name = name
        self.isHost = isHost
        self.startedAt = startedAt
        self.memory = memory
        self.bandwidth = bandwidth
        self.accounting = accounting
        self.cpuset = cpuset
        self.io = io
        self.pids = pids
        self.hugetlb = hugetlb
        self.pressure = pressure
        self.accumulators = accumulators
        cpuTimes = Mutex(CPUTimesHistory())
        load = Mutex(LoadAverages())
    }

    /// Goes on from what a predecessor wrote out; what is damaged or from the future is passed over. To be called before anyone else has the container.
    /// - Parameter now: CLOCK_BOOTTIME in nanoseconds.
    package func restore(cpuTimes: [UInt64], load: [UInt64], now: UInt64) {
        if let history = CPUTimesHistory(cpuTimes, now: now) { self.cpuTimes.withLock { $0 = history } }
        if let averages = LoadAverages(load, now: now) { self.load.withLock { $0 = averages } }
    }

    /// Keeps the history for a successor. To be called with the lock of `cpuTimes` held; `words` is scratch memory.
    func checkpoint(_ history: CPUTimesHistory, _ words: inout [UInt64]) {
        guard let accumulators else { return }
        history.write(to: &words)
        accumulators.keep(words, as: .cpuTimes)
    }

    /// Keeps the averages for a successor. To be called with the lock of `load` held.
    package func checkpoint(_ averages: LoadAverages) {
        guard let accumulators else { return }
        var words: [UInt64] = []
        averages.write(to: &words)
        accumulators.keep(words, as: .load)
    }
}
