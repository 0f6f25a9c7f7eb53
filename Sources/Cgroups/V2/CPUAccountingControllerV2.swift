package import ProcText

/// CPU time of version 2: cpu.stat, kernel function `cgroup_base_stat_cputime_show`, which every cgroup has, also where the cpu controller is
/// off (the throttled time is then absent, and 0: nothing throttles). Its nice_usec came with Linux 6.11; user_usec includes it.
package struct CPUAccountingControllerV2: CPUAccountingController {
    private static let keys = KeyTable(["usage_usec", "user_usec", "system_usec", "nice_usec", "throttled_usec"])

    private let cgroup: Cgroup

    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func usage(_ text: inout InputText, perCPU: inout [CPUUsage]) throws(CgroupError) -> CPUUsage? {
        perCPU.removeAll(keepingCapacity: true)
        guard try cgroup.read(.cpuStat, into: &text) else { return nil }
        var total: UInt64?
        var user: UInt64?
        var usage = CPUUsage()
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard let name = line.word(), let key = Self.keys.number(of: line.bytes, in: name), let value = line.decimal() else { continue }
            let nanoseconds = value.saturatingMultiply(1000)
            switch key {
            case 0: total = nanoseconds
            case 1: user = nanoseconds
            case 2: usage.system = nanoseconds
            case 3: usage.nice = nanoseconds
            default: usage.throttled = nanoseconds
            }
        }
        // A kernel without the division into user and system tells the sum alone: all of it is user time.
        guard let known = user ?? total else { return nil }
        usage.user = known
        return usage
    }

    package func total(_ text: inout InputText) throws(CgroupError) -> UInt64? {
        guard try cgroup.read(.cpuStat, into: &text) else { return nil }
        var lines = text.scanner
        while var line = lines.nextLine() {
            if line.skip(literal: "usage_usec ") { return line.decimal()?.saturatingMultiply(1000) }
        }
        return nil
    }
}
