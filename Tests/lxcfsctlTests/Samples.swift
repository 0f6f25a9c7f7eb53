import LXCFSControl

/// What a daemon could say.
enum Samples {
    static func container(
        _ name: String, id: String? = nil, startedAt: Int64 = 0, cpu: Int64? = 0, cpuLimitMillis: Int64? = nil, memory: Int64 = 64 << 20,
        of total: Int64 = 256 << 20, load: Double? = 0.5, reads: Int64 = 0
    ) -> Container {
        Container(
            id: id ?? name, runtime: "docker", name: name, cgroup: "/docker/" + name, memberships: [], initPid: 4711, startedAt: startedAt,
            cpus: "0-1", cpuCount: 2, cpuLimitMillis: cpuLimitMillis, cpuUsageMicroseconds: cpu, memoryTotalBytes: total,
            memoryUsageBytes: memory, memoryAvailableBytes: total - memory, isMemoryLimited: true, swapTotalBytes: 0, swapUsageBytes: 0,
            load1: load, reads: reads, lastReadAt: 0)
    }

    static func status(
        _ health: GetStatus.Reply.Health = .healthy, problems: [Problem] = [], generation: Int64 = 3, reads: Int64 = 1000,
        files: [FileStatistics] = [file("proc/meminfo", reads: 10, p99: 2_000_000), file("proc/stat", reads: 30, p99: 1_000_000)]
    ) -> GetStatus.Reply {
        GetStatus.Reply(
            health: health, problems: problems, version: "1.2.3", build: "release", program: Program(path: "/usr/bin/lxcfs", onDisk: .same),
            generation: generation, startedAt: 1_000_000, reload: Reloaded(outcome: .none, count: 0), crashes: 0,
            mount: MountPoint(path: "/var/lib/lxcfs", device: "0:57", isAlive: true, isShared: true), virtualization: true, hierarchies: [],
            cgroupTree: CgroupTreeStatus(state: .absent), features: [Feature(name: "pidfd", isPresent: true, meaning: "for what")], reads: reads,
            errors: 0, fallbacks: 0, replayed: 0,
            refused: 0, files: files, processes: [], containers: 2, connections: 1)
    }

    static func file(_ name: String, reads: Int64, p99: Int64?) -> FileStatistics {
        FileStatistics(
            file: name, reads: reads, errors: 0, p50Nanoseconds: p99.map { $0 / 4 }, p90Nanoseconds: p99.map { $0 / 2 },
            p99Nanoseconds: p99,
            maxNanoseconds: p99)
    }
}
