import ContainerViews
import ProcText
import TestSupport
import Testing

/// A made-up host with random CPUs, and one container on it with random limits.
private struct RandomHost {
    let host: FixtureHost
    let caller: String
    /// What the rules of the CPU view say the container has, found in another way than there.
    let expected: [Int]

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        host = try FixtureHost()
        let count = [1, 2, 4, 7, 64, 1024].randomElement(using: &random) ?? 1
        let online = (0..<count).filter { _ in Int.random(in: 0..<8, using: &random) > 0 }
        let hosts = online.isEmpty ? [0] : online
        var allowed = hosts.filter { _ in Bool.random(using: &random) }
        if allowed.isEmpty { allowed = [hosts[0]] }
        let quotas = (0..<3).map { _ in [nil, 0.1, 1, 1.5, 2, 3.2, 700].randomElement(using: &random) ?? nil }
        let isV2 = seed % 2 == 0
        let blocks = hosts.map { "processor\t: \($0)\nphysical id\t: 0\nsiblings\t: 99\ncore id\t\t: \($0)\ncpu cores\t: 99\n\n" }
        try host.write("proc/cpuinfo", blocks.joined())
        try host.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 10\nbtime 1700000000\n")
        try host.write("sys/devices/system/cpu/online", Self.list(hosts))
        for file in ["possible", "present"] { try host.write("sys/devices/system/cpu/" + file, Self.list(Array(0..<count))) }
        for cpu in hosts { try host.makeFolder("sys/devices/system/cpu/cpu\(cpu)") }
        let levels = ["/a", "/a/b", "/a/b/c"]
        if isV2 {
            caller = "0::/a/b/c\n"
            try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
            try host.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu\n")
            for (level, quota) in zip(levels, quotas) {
                try host.write("sys/fs/cgroup\(level)/cpu.max", quota.map { "\(Int($0 * 100_000)) 100000\n" } ?? "max 100000\n")
            }
            try host.write("sys/fs/cgroup/a/b/cpuset.cpus.effective", Self.list(allowed))
            try host.write(
                "sys/fs/cgroup/a/b/c/cpu.stat", "usage_usec 900000\nuser_usec 700000\nsystem_usec 200000\nthrottled_usec 5000000\n")
        } else {
            caller = "1:cpu,cpuacct,cpuset:/a/b/c\n"
            try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup/all rw - cgroup cgroup rw,cpu,cpuacct,cpuset\n")
            for (level, quota) in zip(levels, quotas) {
                try host.write("sys/fs/cgroup/all\(level)/cpu.cfs_quota_us", quota.map { "\(Int($0 * 50_000))\n" } ?? "-1\n")
                try host.write("sys/fs/cgroup/all\(level)/cpu.cfs_period_us", "50000\n")
            }
            try host.write("sys/fs/cgroup/all/a/b/c/cpuset.cpus", Self.list(allowed))
            try host.write("sys/fs/cgroup/all/a/b/c/cpu.stat", "throttled_time 70000000\n")
            let lines = (0..<count).map { "\($0) \($0 * 1_000_000) 500000\n" }.joined()
            try host.write("sys/fs/cgroup/all/a/b/c/cpuacct.usage_all", "cpu user system\n" + lines)
        }
        let smallest = quotas.compactMap { $0 }.min() ?? .infinity
        expected = Array(allowed.prefix(Int(min(smallest.rounded(.up), 100_000))))
    }

    private static func list(_ cpus: [Int]) -> String { cpus.map(String.init).joined(separator: ",") + "\n" }
}

@Suite("Files that show CPUs")
struct CPUAgreementTests {
    /// The CPUs of `cpuN` lines, and the columns of all lines.
    private func parseStat(_ text: String) -> (cpus: [Int], sum: [UInt64], total: [UInt64]) {
        var cpus: [Int] = []
        var sum = [UInt64](repeating: 0, count: 10)
        var total: [UInt64] = []
        for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
            let words = line.split(separator: " ")
            let columns = words.dropFirst().compactMap { UInt64($0) }
            if words[0] == "cpu" {
                total = columns
            } else {
                cpus.append(Int(words[0].dropFirst(3)) ?? -1)
                sum = zip(sum, columns).map(+)
            }
        }
        return (cpus, sum, total)
    }

    @Test(arguments: UInt64(0)..<40)
    func allAgree(seed: UInt64) throws {
        let made = try RandomHost(seed: seed)
        let reader = try made.host.reader(caller: made.caller, startedAt: 5_000_000_000)
        reader.context.now = 5_000_000_000 + seed * 777_000_000
        let stat = parseStat(try reader.read("proc/stat"))
        #expect(stat.cpus == made.expected)
        #expect(stat.total == stat.sum)
        #expect(stat.total.count == 10)
        for file in ["online", "possible", "present"] {
            #expect(Array(CPUSet(list: try reader.read("sys/devices/system/cpu/" + file))) == made.expected, "\(file)")
        }
        let cpuinfo = try reader.read("proc/cpuinfo").split(separator: "\n")
        let processors = cpuinfo.filter { $0.hasPrefix("processor") }.compactMap { $0.split(separator: " ").last }
        #expect(processors.compactMap { Int($0) } == made.expected)
        #expect(cpuinfo.filter { $0.hasPrefix("siblings") }.allSatisfy { $0 == "siblings\t: \(made.expected.count)" })
        #expect(cpuinfo.filter { $0.hasPrefix("cpu cores") }.allSatisfy { $0 == "cpu cores\t: \(made.expected.count)" })
        let idle = try reader.read("proc/uptime").split(whereSeparator: " \n".contains).last.map(String.init)
        #expect(idle == "\(stat.total[3] / 100).\(stat.total[3] % 100 < 10 ? "0" : "")\(stat.total[3] % 100)")
        var folders: [Int] = []
        let folder = try #require(ViewTable.node(at: "sys/devices/system/cpu"))
        try ViewTable.list(folder, for: reader.container, in: &reader.context) { name, node in
            if name.hasPrefix("cpu"), let number = Int(name.dropFirst(3)) { folders.append(number) }
        }
        #expect(folders == made.expected)
    }

    /// Files that views read, and what may stand in them instead.
    @Test(arguments: UInt64(0)..<60)
    func garbageTrapsNowhere(seed: UInt64) throws {
        let made = try RandomHost(seed: seed % 6)
        var random = SeededGenerator(seed: seed)
        let cgroup = seed % 2 == 0 ? "sys/fs/cgroup/a/b/c/" : "sys/fs/cgroup/all/a/b/c/"
        let files = [
            "proc/cpuinfo", "proc/stat", "sys/devices/system/cpu/online", cgroup + "cpu.stat", cgroup + "cpu.max", cgroup + "cpuset.cpus",
            cgroup + "cpuset.cpus.effective", cgroup + "cpuacct.usage_all", cgroup + "cpu.cfs_quota_us", cgroup + "cpu.cfs_period_us",
        ]
        let reader = try made.host.reader(caller: made.caller)
        for _ in 0..<30 {
            let file = files.randomElement(using: &random) ?? files[0]
            try made.host.write(file, Self.garbage(&random))
            reader.context.now &+= UInt64.random(in: 0...(.max), using: &random)
            for view in ["proc/cpuinfo", "proc/stat", "proc/uptime", "proc/loadavg", "sys/devices/system/cpu/online"] {
                // A host file that is no kernel text at all may be refused; nothing may trap, and the sums must hold.
                guard let text = try? reader.read(view), view == "proc/stat" else { continue }
                let stat = parseStat(text)
                #expect(stat.total == stat.sum)
                #expect(!stat.cpus.isEmpty)
            }
        }
    }

    private static func garbage(_ random: inout SeededGenerator) -> String {
        let pieces = [
            "processor\t: ", "processor", ": ", "\n", "\n\n", "18446744073709551615", "99999999999999999999999", "-1", "0-8191", "5-2", ",",
            "cpu ", "cpu0 ", "btime ", "btime x\n", "user_usec ", "throttled_time ", "max ", "0 0", "cpu number : 3\n", "processor 7: x\n",
            "\0", "physical id : 1\n", "core id : 4\n", "siblings : \n", "1 ", "100000", "\t",
        ]
        return (0..<Int.random(in: 0..<25, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
}
