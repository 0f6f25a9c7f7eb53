/// The containers that are known. With `more` in several replies, else in one.
package enum ListContainers: ControlMethod {
    package typealias Parameters = Nothing

    package struct Reply: Codable, Sendable, Equatable {
        package var containers: [Container]

        package init(containers: [Container]) {
            self.containers = containers
        }
    }
}

/// One container, by a process in it or by its id, a beginning of that, or its cgroup: who it is taken for and why, what limits it, what it sees.
package enum Inspect: ControlMethod {
    package struct Parameters: Codable, Sendable, Equatable {
        package var pid: Int64?
        package var container: String?
        package var files: [String]?

        package init(pid: Int64? = nil, container: String? = nil, files: [String]? = nil) {
            self.pid = pid
            self.container = container
            self.files = files
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var container: Container
        /// host: the root cgroups. init: the cgroups of its pid namespace's init. own: the caller's own cgroups, which lie outside those of the init.
        package var rule: Rule
        /// The same as a sentence.
        package var explanation: String
        package var limits: [Limit]
        package var views: [View]

        package enum Rule: String, Codable, Sendable, Equatable, CaseIterable {
            case host, `init`, own
        }

        package init(container: Container, rule: Rule, explanation: String, limits: [Limit], views: [View]) {
            self.container = container
            self.rule = rule
            self.explanation = explanation
            self.limits = limits
            self.views = views
        }
    }
}

/// A container that somebody in it has made known by reading.
package struct Container: Codable, Sendable, Equatable {
    /// The runtime's id where the cgroup's path has one, else that path.
    package var id: String
    /// docker, podman, containerd, cri-o, kubernetes, lxc, pouch, systemd-nspawn; `other`; `host`.
    package var runtime: String
    /// Short, for people.
    package var name: String
    /// Kubernetes: the pod's uid.
    package var pod: String?
    /// The cgroup that names it best.
    package var cgroup: String
    package var memberships: [Membership]
    /// Its init as the daemon sees it; absent where it has no pid namespace of its own.
    package var initPid: Int64?
    package var startedAt: Int64
    /// The CPUs it is shown, `0-1,4`.
    package var cpus: String
    package var cpuCount: Int64
    /// The tightest quota in thousandths of a CPU; absent where there is none.
    package var cpuLimitMillis: Int64?
    /// CPU time used by it.
    package var cpuUsageMicroseconds: Int64?
    /// The memory it is shown: never more than the host's.
    package var memoryTotalBytes: Int64
    /// What its tasks and its page cache use.
    package var memoryUsageBytes: Int64
    /// Of the memory, what is left when the page cache is given up.
    package var memoryAvailableBytes: Int64
    /// Whether a limit is set, on itself or an ancestor.
    package var isMemoryLimited: Bool
    package var swapTotalBytes: Int64
    package var swapUsageBytes: Int64
    /// Absent until the first reader.
    package var load1: Double?
    package var load5: Double?
    package var load15: Double?
    package var tasks: Int64?
    /// Texts it has been given by this worker.
    package var reads: Int64
    /// When it last read; 0 where it has not, as far as this worker knows.
    package var lastReadAt: Int64

    package init(
        id: String, runtime: String, name: String, pod: String? = nil, cgroup: String, memberships: [Membership], initPid: Int64? = nil,
        startedAt: Int64, cpus: String, cpuCount: Int64, cpuLimitMillis: Int64? = nil, cpuUsageMicroseconds: Int64? = nil,
        memoryTotalBytes: Int64, memoryUsageBytes: Int64, memoryAvailableBytes: Int64, isMemoryLimited: Bool, swapTotalBytes: Int64,
        swapUsageBytes: Int64, load1: Double? = nil, load5: Double? = nil, load15: Double? = nil, tasks: Int64? = nil, reads: Int64,
        lastReadAt: Int64
    ) {
        self.id = id
        self.runtime = runtime
        self.name = name
        self.pod = pod
        self.cgroup = cgroup
        self.memberships = memberships
        self.initPid = initPid
        self.startedAt = startedAt
        self.cpus = cpus
        self.cpuCount = cpuCount
        self.cpuLimitMillis = cpuLimitMillis
        self.cpuUsageMicroseconds = cpuUsageMicroseconds
        self.memoryTotalBytes = memoryTotalBytes
        self.memoryUsageBytes = memoryUsageBytes
        self.memoryAvailableBytes = memoryAvailableBytes
        self.isMemoryLimited = isMemoryLimited
        self.swapTotalBytes = swapTotalBytes
        self.swapUsageBytes = swapUsageBytes
        self.load1 = load1
        self.load5 = load5
        self.load15 = load15
        self.tasks = tasks
        self.reads = reads
        self.lastReadAt = lastReadAt
    }
}

/// Where a container is in one hierarchy.
package struct Membership: Codable, Sendable, Equatable {
    /// 1 or 2.
    package var version: Int64
    package var controllers: [String]
    package var path: String

    package init(version: Int64, controllers: [String], path: String) {
        self.version = version
        self.controllers = controllers
        self.path = path
    }
}

/// A limit, and who set it.
package struct Limit: Codable, Sendable, Equatable {
    /// memory, swap, cpu quota, cpus, memory nodes, tasks, huge pages.
    package var name: String
    /// In the words of the file, or `none`.
    package var value: String
    /// What it comes to: `256 MiB`, `1.5 CPUs`.
    package var meaning: String
    /// The file that says so; absent where there is no limit.
    package var file: String?
    /// The cgroup that sets it; absent where there is no limit.
    package var cgroup: String?
    /// Whether that is an ancestor of the container's cgroup.
    package var isInherited: Bool

    package init(name: String, value: String, meaning: String, file: String? = nil, cgroup: String? = nil, isInherited: Bool) {
        self.name = name
        self.value = value
        self.meaning = meaning
        self.file = file
        self.cgroup = cgroup
        self.isInherited = isInherited
    }
}

/// A file as the container sees it, and as the host does. An absent text could not be made; `problem` says why.
package struct View: Codable, Sendable, Equatable {
    package var file: String
    package var container: String?
    package var host: String?
    package var problem: String?

    package init(file: String, container: String? = nil, host: String? = nil, problem: String? = nil) {
        self.file = file
        self.container = container
        self.host = host
        self.problem = problem
    }
}
