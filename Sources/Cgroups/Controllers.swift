package import ProcText

// One protocol per controller, each with a conformer per interface version (V1/, V2/), chosen once per container.
//
// Rules for every method: values are read anew at each call; `text` is scratch memory that is overwritten; what the kernel does not
// tell is `nil` ("absent"), never 0; a limit is the minimum over the cgroup and all its ancestors; sums are hierarchical.

/// Memory and swap.
package protocol MemoryController: Sendable {
    /// Bytes in use.
    func usage(_ text: inout InputText) throws(CgroupError) -> UInt64?
    /// Bytes that may be used.
    func limit(_ text: inout InputText) throws(CgroupError) -> Limit
    /// memory.stat.
    func statistics(_ text: inout InputText) throws(CgroupError) -> MemoryStatistics
    /// Swap size and use; `nil` where swap is not accounted for this cgroup.
    /// - Parameters:
    ///   - usage: what `usage` said in the same read.
    ///   - statistics: what `statistics` said in the same read.
    func swap(_ text: inout InputText, usage: UInt64?, statistics: borrowing MemoryStatistics) throws(CgroupError) -> SwapAccounting?
    /// The container's own slabs, in /proc/slabinfo's format, into `text`; `false` where the kernel does not tell.
    func slabInfo(_ text: inout InputText) throws(CgroupError) -> Bool
}

/// What a cgroup may swap and has swapped.
package struct SwapAccounting: Sendable {
    /// v2: memory.swap.max; v1: memory.memsw.limit_in_bytes, which counts memory and swap together. Bytes.
    package var limit: Limit
    /// Bytes that are swapped out.
    package var used: UInt64
    /// v1's memory.swappiness: 0 forbids swapping. `nil` on v2, which has no such file.
    package var swappiness: UInt64?

    package init(limit: Limit, used: UInt64, swappiness: UInt64?) {
        self.limit = limit
        self.used = used
        self.swappiness = swappiness
    }
}

/// cpu.max, cpu.cfs_quota_us: how much CPU time.
package protocol CPUBandwidthController: Sendable {
    /// The smallest quota of the cgroup and its ancestors; `nil` means no quota.
    func quota(_ text: inout InputText) throws(CgroupError) -> CPUQuota?
}

/// CPU time per period of the cgroup that restricts most.
package struct CPUQuota: Sendable {
    /// Microseconds of CPU time in each period.
    package var quotaMicroseconds: UInt64
    /// The period's length in microseconds, at least 1.
    package var periodMicroseconds: UInt64
    /// The cgroup that sets it.
    package var source: Cgroup
    /// The file that says so.
    package var file: CgroupFile

    package init(quotaMicroseconds: UInt64, periodMicroseconds: UInt64, source: Cgroup, file: CgroupFile) {
        self.quotaMicroseconds = quotaMicroseconds
        self.periodMicroseconds = periodMicroseconds
        self.source = source
        self.file = file
    }

    /// The quota in CPUs, rounded up, at least 1.
    package var wholeCPUs: UInt64 {
        let period = max(periodMicroseconds, 1)
        let whole = quotaMicroseconds / period
        return max(1, quotaMicroseconds % period == 0 ? whole : whole.saturatingAdd(1))
    }

    /// The one of the two that gives less CPU time; `other` where they give the same.
    func smaller(than other: CPUQuota?) -> CPUQuota {
        guard let other else { return self }
        let own = quotaMicroseconds.multipliedFullWidth(by: other.periodMicroseconds)
        let others = other.quotaMicroseconds.multipliedFullWidth(by: periodMicroseconds)
        return (others.high, others.low) <= (own.high, own.low) ? other : self
    }
}

/// How much CPU time was used.
package protocol CPUAccountingController: Sendable {
    /// What the cgroup used since it was made. `perCPU` is overwritten: what each CPU did by its number (user and system alone), empty where
    /// the kernel does not tell.
    func usage(_ text: inout InputText, perCPU: inout [CPUUsage]) throws(CgroupError) -> CPUUsage?
    /// What all of that is together, in nanoseconds, for less than the price of it.
    func total(_ text: inout InputText) throws(CgroupError) -> UInt64?
}

/// CPU time in nanoseconds. `user` includes `nice`, as the kernel's user_usec does.
package struct CPUUsage: Sendable, Equatable {
    package var user: UInt64
    package var system: UInt64
    package var nice: UInt64
    /// Time that the cgroup could have run but for its quota.
    package var throttled: UInt64

    package init(user: UInt64 = 0, system: UInt64 = 0, nice: UInt64 = 0, throttled: UInt64 = 0) {
        self.user = user
        self.system = system
        self.nice = nice
        self.throttled = throttled
    }
}

/// Which CPUs and memory nodes.
package protocol CPUSetController: Sendable {
    /// Adds the CPUs that the container may run on to `set`, from the nearest cgroup that says; `false` where none does.
    func cpus(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool
    /// The same for memory nodes.
    func memoryNodes(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool
    /// Who leaves the container not all CPUs that there are; `nil` where nobody does.
    func cpusRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction?
    /// The same for memory nodes.
    func memoryNodesRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction?
}

/// Block devices.
package protocol IOController: Sendable {
    /// What the cgroup read, wrote and discarded on each device it used, appended to `devices`. Whether the kernel tells.
    func statistics(_ text: inout InputText, into devices: inout [DeviceIO]) throws(CgroupError) -> Bool
}

/// Operations of a cgroup on one block device.
package struct DeviceIO: Sendable, Equatable {
    package var major: UInt32
    package var minor: UInt32
    package var readOperations: UInt64 = 0
    package var readBytes: UInt64 = 0
    package var readMerged: UInt64 = 0
    package var readMilliseconds: UInt64 = 0
    package var writeOperations: UInt64 = 0
    package var writeBytes: UInt64 = 0
    package var writeMerged: UInt64 = 0
    package var writeMilliseconds: UInt64 = 0
    package var discardOperations: UInt64 = 0
    package var discardBytes: UInt64 = 0
    package var serviceMilliseconds: UInt64 = 0

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Takes a line's first word, `MAJOR:MINOR`; `nil` where it is something else.
    init?(_ line: inout ByteScanner) {
        guard let major = line.decimal(), line.skip(UInt8(ascii: ":")), let minor = line.decimal(),
            let major = UInt32(exactly: major), let minor = UInt32(exactly: minor)
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// Whether the cgroup did anything on the device.
    package var isUsed: Bool {
        readOperations | readBytes | writeOperations | writeBytes | discardOperations | discardBytes != 0
    }
}

/// The number of tasks.
package protocol PIDsController: Sendable {
    /// Tasks in the cgroup and below it.
    func current(_ text: inout InputText) throws(CgroupError) -> UInt64?
    /// Tasks that there may be.
    func limit(_ text: inout InputText) throws(CgroupError) -> Limit
}

/// Huge pages.
package protocol HugeTLBController: Sendable {
    /// Limit and use, in bytes, of pages of the given size.
    func pages(ofKibibytes size: UInt64, _ text: inout InputText) throws(CgroupError) -> (limit: Limit, usage: UInt64)?
}

/// Pressure stall information, of the unified hierarchy, which a hybrid host has too.
package protocol PressureController: Sendable {
    /// The text of RESOURCE.pressure into `text`; `false` where the kernel does not tell.
    func pressure(of resource: PressureResource, _ text: inout InputText) throws(CgroupError) -> Bool
}

/// What tasks may wait for, by the name of the file in /proc/pressure.
package enum PressureResource: String, Sendable, CaseIterable {
    case cpu, io, memory, irq
}
