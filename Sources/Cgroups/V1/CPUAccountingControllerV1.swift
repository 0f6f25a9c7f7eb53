package import ProcText

/// CPU time of version 1: the cpuacct controller, kernel/sched/cpuacct.c, and the throttled time of the cpu controller, which may be mounted
/// elsewhere. Of the files that say the same the one that says most is taken: cpuacct.usage_all (per CPU, ns, Linux 4.8),
/// cpuacct.usage_percpu_user and _sys (the same, 4.7), cpuacct.usage_user and _sys (ns, 4.7), cpuacct.stat (1/100 s, any).
/// Nice time is not told apart.
///
/// All of them divide time into user and system by what the timer interrupt met, which misses much on a busy virtual machine. How much ran at all
/// is known to the nanosecond, from cpuacct.usage_percpu or cpuacct.usage: that amount is divided in the proportion of the samples, as
/// the kernel does for version 2 (`cputime_adjust`, kernel/sched/cputime.c).
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
        if isPerCPU, try scaleToExact(&perCPU, &text) {
            usage?.scale(to: perCPU.reduce(0) { $0.saturatingAdd($1.user).saturatingAdd($1.system) })
        } else if let exact = try cgroup.number(.cpuacctUsage, &text) {
            usage?.scale(to: exact)
        }
        usage?.throttled = try throttled(&text)
        return usage
    }

    package func total(_ text: inout InputText) throws(CgroupError) -> UInt64? {
        try cgroup.number(.cpuacctUsage, &text)
    }

    /// cpuacct.usage_percpu: what ran on each possible CPU, in nanoseconds.
    private func scaleToExact(_ perCPU: inout [CPUUsage], _ text: inout InputText) throws(CgroupError) -> Bool {
        guard try cgroup.read(.cpuacctUsagePerCPU, into: &text) else { return false }
        var numbers = text.scanner
        for index in perCPU.indices {
            guard let exact = numbers.decimal() else { return index > 0 }
            perCPU[index].scale(to: exact)
        }
        return true
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

extension CPUUsage {
    /// Divides `exact` nanoseconds into user and system in the proportion that they have; without a proportion all is user time.
    fileprivate mutating func scale(to exact: UInt64) {
        let sampled = user.saturatingAdd(system)
        user = sampled == 0 ? exact : exact.scaled(by: user, over: sampled)
        system = exact.saturatingSubtract(user)
    }
}
