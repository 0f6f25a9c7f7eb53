package import ProcText

/// The cpu controller of version 1: cpu.cfs_quota_us (-1 is no quota) and cpu.cfs_period_us, kernel functions `cpu_quota_read_s64` and
/// `cpu_period_read_u64`. The root cannot have a quota and is not asked.
package struct CPUBandwidthControllerV1: CPUBandwidthController {
    private let cgroup: Cgroup

    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func quota(_ text: inout InputText) throws(CgroupError) -> CPUQuota? {
        var smallest: CPUQuota?
        var level: Cgroup? = cgroup
        while let here = level {
            if !here.path.isRoot, let quota = try here.number(.cpuQuota, &text), let period = try here.number(.cpuPeriod, &text),
                period > 0
            {
                smallest = CPUQuota(quotaMicroseconds: quota, periodMicroseconds: period, source: here, file: .cpuQuota)
                    .smaller(than: smallest)
            }
            level = here.parent
        }
        return smallest
    }
}
