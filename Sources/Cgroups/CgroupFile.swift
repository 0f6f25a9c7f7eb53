/// The cgroup files that are read, both interfaces together; the number is the file's place in a cgroup's table of open files.
package enum CgroupFile: Int, Sendable, CaseIterable {
    // Version 2, Documentation/admin-guide/cgroup-v2.rst.
    case memoryCurrent, memoryMax, memoryStat, memorySwapCurrent, memorySwapMax
    case cpuMax, cpuStat, cpusetCpusEffective, cpusetMemsEffective
    case ioStat, cpuPressure, memoryPressure, ioPressure, irqPressure
    // Both versions.
    case pidsCurrent, pidsMax, cpusetCpus, cpusetMems
    // Version 1, Documentation/admin-guide/cgroup-v1/.
    case memoryUsage, memoryLimit, memorySwapUsage, memorySwapLimit, memorySwappiness, memoryKernelUsage, memorySlabInfo
    case cpuQuota, cpuPeriod, cpuacctUsage, cpuacctUsageUser, cpuacctUsageSystem, cpuacctUsageAll, cpuacctUsagePerCPUUser
    case cpuacctUsagePerCPUSystem, cpuacctStat, cpusetEffectiveCpus, cpusetEffectiveMems
    case blkioThrottleServiced, blkioThrottleServiceBytes, blkioServiced, blkioServiceBytes, blkioMerged, blkioServiceTime, blkioWaitTime

    /// The file's name in a cgroup's directory.
    package var name: String {
        switch self {
        case .memoryCurrent: "memory.current"
        case .memoryMax: "memory.max"
        case .memoryStat: "memory.stat"
        case .memorySwapCurrent: "memory.swap.current"
        case .memorySwapMax: "memory.swap.max"
        case .cpuMax: "cpu.max"
        case .cpuStat: "cpu.stat"
        case .cpusetCpusEffective: "cpuset.cpus.effective"
        case .cpusetMemsEffective: "cpuset.mems.effective"
        case .ioStat: "io.stat"
        case .cpuPressure: "cpu.pressure"
        case .memoryPressure: "memory.pressure"
        case .ioPressure: "io.pressure"
        case .irqPressure: "irq.pressure"
        case .pidsCurrent: "pids.current"
        case .pidsMax: "pids.max"
        case .cpusetCpus: "cpuset.cpus"
        case .cpusetMems: "cpuset.mems"
        case .memoryUsage: "memory.usage_in_bytes"
        case .memoryLimit: "memory.limit_in_bytes"
        case .memorySwapUsage: "memory.memsw.usage_in_bytes"
        case .memorySwapLimit: "memory.memsw.limit_in_bytes"
        case .memorySwappiness: "memory.swappiness"
        case .memoryKernelUsage: "memory.kmem.usage_in_bytes"
        case .memorySlabInfo: "memory.kmem.slabinfo"
        case .cpuQuota: "cpu.cfs_quota_us"
        case .cpuPeriod: "cpu.cfs_period_us"
        case .cpuacctUsage: "cpuacct.usage"
        case .cpuacctUsageUser: "cpuacct.usage_user"
        case .cpuacctUsageSystem: "cpuacct.usage_sys"
        case .cpuacctUsageAll: "cpuacct.usage_all"
        case .cpuacctUsagePerCPUUser: "cpuacct.usage_percpu_user"
        case .cpuacctUsagePerCPUSystem: "cpuacct.usage_percpu_sys"
        case .cpuacctStat: "cpuacct.stat"
        case .cpusetEffectiveCpus: "cpuset.effective_cpus"
        case .cpusetEffectiveMems: "cpuset.effective_mems"
        case .blkioThrottleServiced: "blkio.throttle.io_serviced_recursive"
        case .blkioThrottleServiceBytes: "blkio.throttle.io_service_bytes_recursive"
        case .blkioServiced: "blkio.io_serviced_recursive"
        case .blkioServiceBytes: "blkio.io_service_bytes_recursive"
        case .blkioMerged: "blkio.io_merged_recursive"
        case .blkioServiceTime: "blkio.io_service_time_recursive"
        case .blkioWaitTime: "blkio.io_wait_time_recursive"
        }
    }
}
