package import ProcText

/// The cpu controller of version 2: cpu.max, kernel function `cpu_max_show`. The root has no such file and is not asked; a cgroup
/// whose parent does not pass the controller on has none either and does not limit.
package struct CPUBandwidthControllerV2: CPUBandwidthController {
    private let cgroup: Cgroup

    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func quota(_ text: inout InputText) throws(CgroupError) -> CPUQuota? {
        var smallest: CPUQuota?
        var level: Cgroup? = cgroup
        while let here = level {
            if !here.path.isRoot, try here.read(.cpuMax, into: &text) {
                var scanner = text.scanner
                // `max 100000` has no number in front: no quota here.
                if let quota = scanner.decimal(), let period = scanner.decimal(), period > 0 {
                    smallest = CPUQuota(quotaMicroseconds: quota, periodMicroseconds: period, source: here, file: .cpuMax)
                        .smaller(than: smallest)
                }
            }
            level = here.parent
        }
        return smallest
    }
}
