package import ProcText

/// CPU time of version 1: the cpuacct controller, kernel/sched/cpuacct.c, and the throttled time of the cpu controller, which may be mounted
/// elsewhere. Of the files that say the same the one that says most is taken: cpuacct.usage_all (per CPU, ns, Linux 4.8),
/// cpuacct.usage_percpu_user and _sys (the same, 4.7), cpuacct.usage_user and _sys (ns, 4.7), cpuacct.stat (1/100 s, any).
/// Nice time is not told apart.
package struct CPUAccountingControllerV1: CPUAccountingController {
    private static let throttledTime = KeyTable(["throttled_time"])
    private static let statKeys = KeyTable(["user", "system"])
    /// USER_HZ is 100 on every architecture that is built for.
    private static let nanosecondsPerTick: UInt64 = 10_000_000

    private let cgroup: Cgroup
    private let bandwidth: Cgroup?

    /// - Parameters:
    ///   - cgroup: The container's cgroup in the hierarchy of cpuacct.
    ///   - bandwidth: Its cgroup in the hierarchy of cpu, where there is one.
    package init(_ cgroup: Cgroup, bandwidth: Cgroup?) {
        self.cgroup = cgroup
        self.bandwidth = bandwidth
    }

    package func usage(_ text: inout InputText, perCPU: inout [CPUUsage]) throws(CgroupError) -> CPUUsage? {
        perCPU.removeAll(keepingCapacity: true)
        var usage: CPUUsage?
        var isPerCPU = try usageAll(&text, &perCPU)
        if !isPerCPU { isPerCPU = try usagePerCPU(&text, &perCPU) }
        if isPerCPU {
            var sum = CPUUsage()
            for cpu in perCPU {
                sum.user = sum.user.saturatingAdd(cpu.user)
                sum.system = sum.system.saturatingAdd(cpu.system)
            }
            usage = sum
        } else if let user = try cgroup.number(.cpuacctUsageUser, &text), let system = try cgroup.number(.cpuacctUsageSystem, &text) {
            usage = CPUUsage(user: user, system: system)
        } else {
            usage = try statistics(&text)
        }
        usage?.throttled = try throttled(&text)
        return usage
    }

    /// `cpu user system`, then a line for each possible CPU.
    private func usageAll(_ text: inout InputText, _ perCPU: inout [CPUUsage]) throws(CgroupError) -> Bool {
        guard try cgroup.read(.cpuacctUsageAll, into: &text) else { return false }
        var lines = text.scanner
        lines.skipLine()
        while var line = lines.nextLine() {
            guard let cpu = line.decimal(), cpu <= UInt64(CPUSet.largest), let user = line.decimal(), let system = line.decimal() else {
                continue
            }
            while perCPU.count <= Int(cpu) { perCPU.append(CPUUsage()) }
            perCPU[Int(cpu)] = CPUUsage(user: user, system: system)
        }
        return !perCPU.isEmpty
    }

    /// One number for each possible CPU, in two files.
    private func usagePerCPU(_ text: inout InputText, _ perCPU: inout [CPUUsage]) throws(CgroupError) -> Bool {
        guard try cgroup.read(.cpuacctUsagePerCPUUser, into: &text) else { return false }
        var numbers = text.scanner
        while perCPU.count <= CPUSet.largest, let user = numbers.decimal() { perCPU.append(CPUUsage(user: user)) }
        numbers = ByteScanner([])
        guard try cgroup.read(.cpuacctUsagePerCPUSystem, into: &text) else {
            perCPU.removeAll(keepingCapacity: true)
            return false
        }
        numbers = text.scanner
        for index in perCPU.indices { perCPU[index].system = numbers.decimal() ?? 0 }
        return !perCPU.isEmpty
    }

    private func statistics(_ text: inout InputText) throws(CgroupError) -> CPUUsage? {
        guard try cgroup.read(.cpuacctStat, into: &text) else { return nil }
        var user: UInt64?
        var system: UInt64?
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard let name = line.word(), let key = Self.statKeys.number(of: line.bytes, in: name) else { continue }
            let nanoseconds = line.decimal()?.saturatingMultiply(Self.nanosecondsPerTick)
            if key == 0 { user = nanoseconds } else { system = nanoseconds }
        }
        guard let user, let system else { return nil }
        return CPUUsage(user: user, system: system)
    }

    /// Nanoseconds; 0 where nothing can throttle.
    private func throttled(_ text: inout InputText) throws(CgroupError) -> UInt64 {
        guard let bandwidth, try bandwidth.read(.cpuStat, into: &text) else { return 0 }
        var lines = text.scanner
        while var line = lines.nextLine() {
            if let name = line.word(), Self.throttledTime.number(of: line.bytes, in: name) != nil { return line.decimal() ?? 0 }
        }
        return 0
    }
}
