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
    /// The last good text of each small file, by the number of its node, for when its view fails.
    package let lastGood = Mutex<[UInt32: [UInt8]]>([:])
    /// CPU time shown so far, so that no counter ever goes back.
    package let cpuTimes: Mutex<CPUTimesHistory>
    /// The load averages; fed by the sampler.
    package let load: Mutex<LoadAverages>

    package init(
        name: String, isHost: Bool, startedAt: UInt64, memory: (any MemoryController)? = nil,
        bandwidth: (any CPUBandwidthController)? = nil,
        accounting: (any CPUAccountingController)? = nil, cpuset: (any CPUSetController)? = nil, io: (any IOController)? = nil,
        pids: (any PIDsController)? = nil, hugetlb: (any HugeTLBController)? = nil, pressure: (any PressureController)? = nil
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
        cpuTimes = Mutex(CPUTimesHistory())
        load = Mutex(LoadAverages())
    }
}
