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
    case cpuQuota, cpuPeriod, cpuacctUsage, cpuacctUsageUser, cpuacctUsageSystem, cpuacctUsageAll, cpuacctUsagePerCPU,
        cpuacctUsagePerCPUUser
    case cpuacctUsagePerCPUSystem, cpuacctStat, cpusetEffectiveCpus, cpusetEffectiveMems
    case blkioThrottleServiced, blkioThrottleServiceBytes, blkioServiced, blkioServiceBytes, blkioMerged, blkioServiceTime, blkioWaitTime
    case blkioBFQServiced, blkioBFQServiceBytes
    // Huge pages, by page size: limit and use of version 2, then of version 1.
    case hugetlb64KBMax, hugetlb64KBCurrent, hugetlb64KBLimit, hugetlb64KBUsage
    case hugetlb1MBMax, hugetlb1MBCurrent, hugetlb1MBLimit, hugetlb1MBUsage
    case hugetlb2MBMax, hugetlb2MBCurrent, hugetlb2MBLimit, hugetlb2MBUsage
    case hugetlb16MBMax, hugetlb16MBCurrent, hugetlb16MBLimit, hugetlb16MBUsage
    case hugetlb32MBMax, hugetlb32MBCurrent, hugetlb32MBLimit, hugetlb32MBUsage
    case hugetlb512MBMax, hugetlb512MBCurrent, hugetlb512MBLimit, hugetlb512MBUsage
    case hugetlb1GBMax, hugetlb1GBCurrent, hugetlb1GBLimit, hugetlb1GBUsage
    case hugetlb2GBMax, hugetlb2GBCurrent, hugetlb2GBLimit, hugetlb2GBUsage

    /// Whether the kernel prints the file in one piece (cftype.seq_show); the slabs of old are a list.
    var isSingleRecord: Bool { self != .memorySlabInfo }

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
        case .cpuacctUsagePerCPU: "cpuacct.usage_percpu"
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
        case .blkioBFQServiced: "blkio.bfq.io_serviced_recursive"
        case .blkioBFQServiceBytes: "blkio.bfq.io_service_bytes_recursive"
        case .hugetlb64KBMax: "hugetlb.64KB.max"
        case .hugetlb64KBCurrent: "hugetlb.64KB.current"
        case .hugetlb64KBLimit: "hugetlb.64KB.limit_in_bytes"
        case .hugetlb64KBUsage: "hugetlb.64KB.usage_in_bytes"
        case .hugetlb1MBMax: "hugetlb.1MB.max"
        case .hugetlb1MBCurrent: "hugetlb.1MB.current"
        case .hugetlb1MBLimit: "hugetlb.1MB.limit_in_bytes"
        case .hugetlb1MBUsage: "hugetlb.1MB.usage_in_bytes"
        case .hugetlb2MBMax: "hugetlb.2MB.max"
        case .hugetlb2MBCurrent: "hugetlb.2MB.current"
        case .hugetlb2MBLimit: "hugetlb.2MB.limit_in_bytes"
        case .hugetlb2MBUsage: "hugetlb.2MB.usage_in_bytes"
        case .hugetlb16MBMax: "hugetlb.16MB.max"
        case .hugetlb16MBCurrent: "hugetlb.16MB.current"
        case .hugetlb16MBLimit: "hugetlb.16MB.limit_in_bytes"
        case .hugetlb16MBUsage: "hugetlb.16MB.usage_in_bytes"
        case .hugetlb32MBMax: "hugetlb.32MB.max"
        case .hugetlb32MBCurrent: "hugetlb.32MB.current"
        case .hugetlb32MBLimit: "hugetlb.32MB.limit_in_bytes"
        case .hugetlb32MBUsage: "hugetlb.32MB.usage_in_bytes"
        case .hugetlb512MBMax: "hugetlb.512MB.max"
        case .hugetlb512MBCurrent: "hugetlb.512MB.current"
        case .hugetlb512MBLimit: "hugetlb.512MB.limit_in_bytes"
        case .hugetlb512MBUsage: "hugetlb.512MB.usage_in_bytes"
        case .hugetlb1GBMax: "hugetlb.1GB.max"
        case .hugetlb1GBCurrent: "hugetlb.1GB.current"
        case .hugetlb1GBLimit: "hugetlb.1GB.limit_in_bytes"
        case .hugetlb1GBUsage: "hugetlb.1GB.usage_in_bytes"
        case .hugetlb2GBMax: "hugetlb.2GB.max"
        case .hugetlb2GBCurrent: "hugetlb.2GB.current"
        case .hugetlb2GBLimit: "hugetlb.2GB.limit_in_bytes"
        case .hugetlb2GBUsage: "hugetlb.2GB.usage_in_bytes"
        }
    }
}
