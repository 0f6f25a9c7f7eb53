@testable import CgroupTree
import Glibc
import SystemPackage
import Testing

@Suite("Numbers of files")
struct FileNumbersTests {
    /// Files of version 1 by hierarchy, as far as kernels 5.10 to 6.18 have them; `all` are everywhere.
    private static let known: [String: [String]] = [
        "all": [
            "cgroup.clone_children", "cgroup.procs", "cgroup.sane_behavior", "notify_on_release", "release_agent", "tasks",
            "cgroup.event_control",
        ],
        "memory": [
            "failcnt", "force_empty", "kmem.failcnt", "kmem.limit_in_bytes", "kmem.max_usage_in_bytes", "kmem.slabinfo", "kmem.tcp.failcnt",
            "kmem.tcp.limit_in_bytes", "kmem.tcp.max_usage_in_bytes", "kmem.tcp.usage_in_bytes", "kmem.usage_in_bytes", "limit_in_bytes",
            "max_usage_in_bytes", "memsw.failcnt", "memsw.limit_in_bytes", "memsw.max_usage_in_bytes", "memsw.usage_in_bytes",
            "move_charge_at_immigrate", "numa_stat", "oom_control", "pressure_level", "soft_limit_in_bytes", "stat", "swappiness",
            "usage_in_bytes", "use_hierarchy",
        ],
        "cpu": [
            "cfs_burst_us", "cfs_period_us", "cfs_quota_us", "idle", "rt_period_us", "rt_runtime_us", "shares", "stat", "uclamp.max",
            "uclamp.min",
        ],
        "cpuacct": [
            "stat", "usage", "usage_all", "usage_percpu", "usage_percpu_sys", "usage_percpu_user", "usage_sys", "usage_user",
        ],
        "cpuset": [
            "cpu_exclusive", "cpus", "effective_cpus", "effective_mems", "mem_exclusive", "mem_hardwall", "memory_migrate",
            "memory_pressure",
            "memory_pressure_enabled", "memory_spread_page", "memory_spread_slab", "mems", "sched_load_balance", "sched_relax_domain_level",
        ],
        "devices": ["allow", "deny", "list"],
        "freezer": ["parent_freezing", "self_freezing", "state"],
        "pids": ["current", "events", "max", "peak"],
        "net_cls": ["classid"],
        "net_prio": ["ifpriomap", "prioidx"],
        "rdma": ["current", "max"],
        "misc": ["capacity", "current", "events", "max", "peak"],
        "hugetlb": ["2MB", "1GB", "64KB", "512MB", "32MB", "16GB", "16MB"].flatMap { size in
            [
                "failcnt", "limit_in_bytes", "max_usage_in_bytes", "rsvd.failcnt", "rsvd.limit_in_bytes", "rsvd.max_usage_in_bytes",
                "rsvd.usage_in_bytes",
                "usage_in_bytes", "numa_stat",
            ].map { "\(size).\($0)" }
        },
        "blkio": ["", "bfq.", "throttle."].flatMap { policy in
            [
                "avg_queue_size", "dequeue", "empty_time", "group_wait_time", "idle_time", "io_merged", "io_merged_recursive", "io_queued",
                "io_queued_recursive", "io_service_bytes", "io_service_bytes_recursive", "io_service_time", "io_service_time_recursive",
                "io_serviced", "io_serviced_recursive", "io_wait_time", "io_wait_time_recursive", "leaf_weight", "leaf_weight_device",
                "read_bps_device", "read_iops_device", "reset_stats", "sectors", "sectors_recursive", "time", "time_recursive",
                "unaccounted_time",
                "weight", "weight_device", "write_bps_device", "write_iops_device",
            ].map { policy + $0 }
        },
    ]

    private static func names(of controllers: [String]) -> [[UInt8]] {
        let own = controllers.flatMap { controller in (known[controller] ?? []).map { "\(controller).\($0)" } }
        return (known["all", default: []] + own).map { Array($0.utf8) }
    }

    @Test(arguments: [
        ["memory"], ["cpu", "cpuacct"], ["cpuset"], ["devices"], ["freezer"], ["pids"], ["net_cls", "net_prio"], ["hugetlb"], ["blkio"],
        ["rdma"], ["misc"],
    ])
    func noTwoFilesOfAHierarchyHaveOneNumber(controllers: [String]) throws {
        let numbers = FileNumbers()
        for name in FileNumbersTests.names(of: controllers) { _ = try numbers.learn(name) }
    }

    /// The files that this machine has.
    @Test func noTwoFilesOfAHierarchyOfThisKernelHaveOneNumber() throws {
        for hierarchy in try #require(FileNumbersTests.list("/sys/fs/cgroup")) {
            let numbers = FileNumbers()
            for name in FileNumbersTests.list("/sys/fs/cgroup/\(hierarchy)") ?? [] { _ = try numbers.learn(Array(name.utf8)) }
        }
    }

    @Test func aNameIsFoundByItsNumberInAFolder() throws {
        let numbers = FileNumbers()
        let name = Array("memory.limit_in_bytes".utf8)
        let number = FileNumbers.number(of: name)
        #expect(number > 0 && number < 1 << 14)
        #expect(try numbers.name(of: number) { [Array("tasks".utf8), name] } == name)
        // From then on without looking.
        #expect(try numbers.name(of: number) { [] } == name)
        #expect(throws: Errno.staleNFSFileHandle) { try FileNumbers().name(of: number) { [Array("tasks".utf8)] } }
    }

    @Test func theSecondNameOfANumberIsRefused() throws {
        let first = Array("cgroup.controllers".utf8)
        let second = Array("memory.kmem.slabinfo".utf8)
        try #require(FileNumbers.number(of: first) == FileNumbers.number(of: second))
        let numbers = FileNumbers()
        #expect(try numbers.learn(first) == FileNumbers.number(of: first))
        #expect(throws: Errno.overflow) { try numbers.learn(second) }
        #expect(try numbers.learn(first) == FileNumbers.number(of: first))
        #expect(throws: Errno.staleNFSFileHandle) { try FileNumbers().name(of: FileNumbers.number(of: first)) { [first, second] } }
    }

    private static func list(_ path: String) -> [String]? {
        guard let stream = opendir(path) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}
