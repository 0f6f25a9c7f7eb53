internal import Cgroups
package import HostProc
package import ProcText
internal import Synchronization

/// The CPUs of one container at one instant: the one source of every file that shows CPUs, so that no two of them differ.
///
/// E are the CPUs that the container may run on (its cpuset, without those that the host has offline), Q its quota in CPUs. It is shown the
/// first n of E under their real numbers, n = min(|E|, ceil(Q)), at least 1: so what it is shown is part of what sched_getaffinity(2) tells.
///
/// Reused for one container after the other; a warm reading allocates nothing.
package struct CPUView: Sendable {
    /// The container's CPUs; never empty after a reading.
    package private(set) var cpus = CPUSet()
    /// What each of them did, in ascending order; the same CPUs as `cpus` after `readTimes`.
    package private(set) var times: [CPUTimes] = []

    /// Until when `times` count, in nanoseconds of CLOCK_BOOTTIME: later than was asked for where another thread read the container's CPUs meanwhile.
    package private(set) var timesAt: UInt64 = 0

    /// The smallest quota in thousandths of a CPU, as it was when the CPUs were read; `nil` where there is none, or it does not count.
    package private(set) var quotaMillis: UInt64?

    private var online = CPUSet()
    private var perCPU: [CPUUsage] = []
    private var words: [UInt64] = []

    package init() {}

    /// Finds out which CPUs the container has.
    package mutating func readCPUs(
        of container: ContainerScope, ignoringQuota: Bool, host: inout HostFiles, hostText: inout InputText, cgroupText: inout InputText
    ) throws(ViewError) {
        try host.readList(.cpuOnline, into: &online, &hostText)
        cpus.removeAll()
        quotaMillis = nil
        guard !container.isHost else {
            cpus.formUnion(online)
            return keepOne()
        }
        do throws(CgroupError) {
            _ = try container.cpuset?.cpus(&cgroupText, into: &cpus)
            cpus.formIntersection(online)
            if cpus.isEmpty { cpus.formUnion(online) }
            if !ignoringQuota, let quota = try container.bandwidth?.quota(&cgroupText) {
                cpus.keepFirst(Int(clamping: quota.wholeCPUs))
                quotaMillis = quota.quotaMicroseconds.scaled(by: 1000, over: quota.periodMicroseconds)
            }
        } catch {
            throw .cgroup(error)
        }
        keepOne()
    }

    /// Finds out which CPUs the container has and what they did until `now`.
    /// - Parameter isShown: whether the container gets to see it; what nobody saw needs no history.
    package mutating func readTimes(
        of container: ContainerScope, now: UInt64, ignoringQuota: Bool, isShown: Bool, host: inout HostFiles, hostText: inout InputText,
        cgroupText: inout InputText
    ) throws(ViewError) {
        try readCPUs(of: container, ignoringQuota: ignoringQuota, host: &host, hostText: &hostText, cgroupText: &cgroupText)
        var usage: CPUUsage?
        perCPU.removeAll(keepingCapacity: true)
        do throws(CgroupError) {
            usage = try container.accounting?.usage(&cgroupText, perCPU: &perCPU)
        } catch {
            throw .cgroup(error)
        }
        let reading = CPUReading(now: now, startedAt: container.startedAt, usage: usage)
        times.removeAll(keepingCapacity: true)
        timesAt = container.cpuTimes.withLock { history in
            if isShown {
                history.fold(reading, cpus: cpus, perCPU: perCPU)
                container.checkpoint(history, &words)
                times.append(contentsOf: history.cpus)
            } else {
                var trial = history
                trial.fold(reading, cpus: cpus, perCPU: perCPU)
                times.append(contentsOf: trial.cpus)
            }
            return max(now, history.lastReadAt ?? now)
        }
        // A thread that was overtaken by another shows what that one found.
        cpus.removeAll()
        for time in times { cpus.insert(time.number) }
    }

    /// The most tasks that the container ever had, where it has `current` now.
    mutating func mostTasks(_ current: UInt64, of container: ContainerScope) -> UInt64 {
        container.cpuTimes.withLock { history in
            let (most, isNew) = history.tasks(current)
            if isNew { container.checkpoint(history, &words) }
            return most
        }
    }

    /// The columns of all CPUs together, in ticks: the exact sum of what is printed for each.
    package var total: CPUTicks {
        var sum = CPUTicks()
        for time in times { sum.add(time.ticks) }
        return sum
    }

    /// A host whose list of CPUs cannot be made out has at least the one that runs this.
    private mutating func keepOne() {
        if cpus.isEmpty { cpus.insert(0) }
    }
}

/// The columns of a `cpu` line in /proc/stat that a container has, in 1/USER_HZ seconds.
package struct CPUTicks: Sendable, Equatable {
    package var user: UInt64 = 0
    package var nice: UInt64 = 0
    package var system: UInt64 = 0
    package var idle: UInt64 = 0
    package var steal: UInt64 = 0

    package init() {}

    mutating func add(_ other: CPUTicks) {
        user = user.saturatingAdd(other.user)
        nice = nice.saturatingAdd(other.nice)
        system = system.saturatingAdd(other.system)
        idle = idle.saturatingAdd(other.idle)
        steal = steal.saturatingAdd(other.steal)
    }
}

extension CPUTimes {
    /// The whole ticks of each column: rounded down, so that they go back as little as the columns do.
    package var ticks: CPUTicks {
        var ticks = CPUTicks()
        ticks.user = user / CPUTimesHistory.tick
        ticks.nice = nice / CPUTimesHistory.tick
        ticks.system = system / CPUTimesHistory.tick
        ticks.idle = idle / CPUTimesHistory.tick
        ticks.steal = steal / CPUTimesHistory.tick
        return ticks
    }
}

extension RenderContext {
    /// Brings `cpu.cpus` up to date for this container.
    package mutating func readCPUs(of container: ContainerScope) throws(ViewError) {
        try cpu.readCPUs(
            of: container, ignoringQuota: settings.ignoresQuota, host: &host, hostText: &hostText, cgroupText: &cgroupText)
    }

    /// Brings `cpu.cpus` and `cpu.times` up to date for this container.
    mutating func readCPUTimes(of container: ContainerScope) throws(ViewError) {
        try cpu.readTimes(
            of: container, now: now, ignoringQuota: settings.ignoresQuota, isShown: !isOnlyMeasured, host: &host, hostText: &hostText,
            cgroupText: &cgroupText)
    }
}

extension HostFiles {
    /// Reads a file that is a list of CPUs or nodes.
    mutating func readList(_ file: HostFile, into set: inout CPUSet, _ text: inout InputText) throws(ViewError) {
        do throws(HostFileError) {
            try read(file, into: &text)
        } catch {
            throw .host(error)
        }
        set.removeAll()
        var scanner = text.scanner
        set.formUnion(list: &scanner)
    }
}
