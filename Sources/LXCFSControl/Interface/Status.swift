/// How the daemon is.
package enum GetStatus: ControlMethod {
    package typealias Parameters = Nothing

    package struct Reply: Codable, Sendable, Equatable {
        /// degraded: there are problems.
        package var health: Health
        package var problems: [Problem]
        package var version: String
        /// How it was built: configuration, compiler, architecture.
        package var build: String
        package var program: Program
        /// Counts the workers that were started on this mount.
        package var generation: Int64
        /// When this mount was made.
        package var startedAt: Int64
        package var reload: Reloaded
        /// Workers that died while they served.
        package var crashes: Int64
        package var mount: MountPoint
        /// Whether containers see their own values.
        package var virtualization: Bool
        package var hierarchies: [Hierarchy]
        /// Absent where the worker that answers is of a version without.
        package var cgroupTree: CgroupTreeStatus?
        package var features: [Feature]
        /// Texts given since the mount was made, and how many of them were errors, or something else than what the file should show.
        package var reads: Int64
        package var errors: Int64
        package var fallbacks: Int64
        /// Requests that a dead worker had left, and were answered by the next; and those that were refused because they had ended two workers.
        package var replayed: Int64
        package var refused: Int64
        package var files: [FileStatistics]
        package var processes: [Process]
        /// Containers that are known now.
        package var containers: Int64
        /// Clients connected to this socket.
        package var connections: Int64

        package enum Health: String, Codable, Sendable, Equatable, CaseIterable {
            case healthy, degraded
        }

        package init(
            health: Health, problems: [Problem], version: String, build: String, program: Program, generation: Int64, startedAt: Int64,
            reload: Reloaded, crashes: Int64, mount: MountPoint, virtualization: Bool, hierarchies: [Hierarchy], cgroupTree: CgroupTreeStatus?,
            features: [Feature], reads: Int64, errors: Int64, fallbacks: Int64, replayed: Int64, refused: Int64, files: [FileStatistics],
            processes: [Process], containers: Int64, connections: Int64
        ) {
            self.health = health
            self.problems = problems
            self.version = version
            self.build = build
            self.program = program
            self.generation = generation
            self.startedAt = startedAt
            self.reload = reload
            self.crashes = crashes
            self.mount = mount
            self.virtualization = virtualization
            self.hierarchies = hierarchies
            self.cgroupTree = cgroupTree
            self.features = features
            self.reads = reads
            self.errors = errors
            self.fallbacks = fallbacks
            self.replayed = replayed
            self.refused = refused
            self.files = files
            self.processes = processes
            self.containers = containers
            self.connections = connections
        }
    }
}

/// One of the daemon's two processes.
package struct Process: Codable, Sendable, Equatable {
    /// The keeper holds the mount; the worker answers.
    package var role: Role
    package var pid: Int64
    /// Memory that is mapped and present, shared pages included.
    package var residentBytes: Int64
    /// The part of it that no other process has.
    package var privateBytes: Int64
    package var threads: Int64
    /// Open file descriptors.
    package var descriptors: Int64

    package enum Role: String, Codable, Sendable, Equatable, CaseIterable {
        case keeper, worker
    }

    package init(role: Role, pid: Int64, residentBytes: Int64, privateBytes: Int64, threads: Int64, descriptors: Int64) {
        self.role = role
        self.pid = pid
        self.residentBytes = residentBytes
        self.privateBytes = privateBytes
        self.threads = threads
        self.descriptors = descriptors
    }
}

/// The program that the worker executes.
package struct Program: Codable, Sendable, Equatable {
    package var path: String
    /// What lies at the path now: the same file, another one (a reload would start it), or none.
    package var onDisk: OnDisk

    package enum OnDisk: String, Codable, Sendable, Equatable, CaseIterable {
        case same, replaced, missing
    }

    package init(path: String, onDisk: OnDisk) {
        self.path = path
        self.onDisk = onDisk
    }
}

/// The last reload.
package struct Reloaded: Codable, Sendable, Equatable {
    package var outcome: Outcome
    /// How many reloads have succeeded.
    package var count: Int64
    /// When the last one ended.
    package var at: Int64?
    /// How long nobody served in the last one that succeeded.
    package var pauseMicroseconds: Int64?
    /// Why the last one failed.
    package var reason: String?

    package enum Outcome: String, Codable, Sendable, Equatable, CaseIterable {
        case none, succeeded, failed
    }

    package init(outcome: Outcome, count: Int64, at: Int64? = nil, pauseMicroseconds: Int64? = nil, reason: String? = nil) {
        self.outcome = outcome
        self.count = count
        self.at = at
        self.pauseMicroseconds = pauseMicroseconds
        self.reason = reason
    }
}

/// The FUSE mount.
package struct MountPoint: Codable, Sendable, Equatable {
    package var path: String
    /// As /proc/self/mountinfo has it, `0:57`.
    package var device: String
    /// Whether it is what lies at the path for this daemon, and answers.
    package var isAlive: Bool
    /// Whether mounts made there show in slave mounts (mount_namespaces(7)).
    package var isShared: Bool

    package init(path: String, device: String, isAlive: Bool, isShared: Bool) {
        self.path = path
        self.device = device
        self.isAlive = isAlive
        self.isShared = isShared
    }
}

/// A mounted cgroup hierarchy.
package struct Hierarchy: Codable, Sendable, Equatable {
    /// 1 or 2.
    package var version: Int64
    package var mountPoint: String
    package var controllers: [String]

    package init(version: Int64, mountPoint: String, controllers: [String]) {
        self.version = version
        self.mountPoint = mountPoint
        self.controllers = controllers
    }
}

/// The cgroup tree, `cgroup` below the mount point, for containers without a cgroup namespace.
package struct CgroupTreeStatus: Codable, Sendable, Equatable {
    /// disabled: --disable-cgroup. absent: no hierarchy of version 1 is mounted. impossible: see `reason`.
    package var state: State
    /// The folders in it, one for each hierarchy of version 1: `memory`, `cpu,cpuacct`.
    package var hierarchies: [String]
    /// What the kernel or the daemon's privileges lack.
    package var reason: String?

    package enum State: String, Codable, Sendable, Equatable, CaseIterable {
        case served, disabled, absent, impossible
    }

    package init(state: State, hierarchies: [String] = [], reason: String? = nil) {
        self.state = state
        self.hierarchies = hierarchies
        self.reason = reason
    }
}

/// Something of the kernel that lxcfs makes use of.
package struct Feature: Codable, Sendable, Equatable {
    package var name: String
    package var isPresent: Bool
    /// What it is for, or what happens without it.
    package var meaning: String

    package init(name: String, isPresent: Bool, meaning: String) {
        self.name = name
        self.isPresent = isPresent
        self.meaning = meaning
    }
}

/// How one file was read since this worker took over. Latencies are from the receipt of the request to the answer, in nanoseconds; absent
/// where it was not read. Each is the upper end of its class of the histogram, at most a quarter too high.
package struct FileStatistics: Codable, Sendable, Equatable {
    /// Below the mount point: `proc/meminfo`; `other` for all that have no line of their own.
    package var file: String
    package var reads: Int64
    package var errors: Int64
    package var p50Nanoseconds: Int64?
    package var p90Nanoseconds: Int64?
    package var p99Nanoseconds: Int64?
    package var maxNanoseconds: Int64?

    package init(
        file: String, reads: Int64, errors: Int64, p50Nanoseconds: Int64? = nil, p90Nanoseconds: Int64? = nil, p99Nanoseconds: Int64? = nil,
        maxNanoseconds: Int64? = nil
    ) {
        self.file = file
        self.reads = reads
        self.errors = errors
        self.p50Nanoseconds = p50Nanoseconds
        self.p90Nanoseconds = p90Nanoseconds
        self.p99Nanoseconds = p99Nanoseconds
        self.maxNanoseconds = maxNanoseconds
    }
}

/// Something that is not as it should be.
package struct Problem: Codable, Sendable, Equatable {
    package var text: String
    /// What to do about it; a command where one helps.
    package var remedy: String

    package init(text: String, remedy: String) {
        self.text = text
        self.remedy = remedy
    }
}

/// Goes on as the program that is installed now, without unmounting, and waits for that: 30 seconds if not said otherwise, at most 600. Root only.
package enum Reload: ControlMethod {
    package static var isChanging: Bool { true }

    package struct Parameters: Codable, Sendable, Equatable {
        package var timeoutMilliseconds: Int64?

        package init(timeoutMilliseconds: Int64? = nil) {
            self.timeoutMilliseconds = timeoutMilliseconds
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var oldVersion: String
        package var newVersion: String
        package var generation: Int64
        package var pauseMicroseconds: Int64

        package init(oldVersion: String, newVersion: String, generation: Int64, pauseMicroseconds: Int64) {
            self.oldVersion = oldVersion
            self.newVersion = newVersion
            self.generation = generation
            self.pauseMicroseconds = pauseMicroseconds
        }
    }
}

/// Shows containers their own values (true) or everyone the host's (false). Root only.
package enum SetVirtualization: ControlMethod {
    package static var isChanging: Bool { true }

    package struct Parameters: Codable, Sendable, Equatable {
        package var enabled: Bool

        package init(enabled: Bool) {
            self.enabled = enabled
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var wasEnabled: Bool

        package init(wasEnabled: Bool) {
            self.wasEnabled = wasEnabled
        }
    }
}

/// Counters in the OpenMetrics text format (https://openmetrics.io).
package enum GetMetrics: ControlMethod {
    package typealias Parameters = Nothing

    package struct Reply: Codable, Sendable, Equatable {
        package var text: String

        package init(text: String) {
            self.text = text
        }
    }
}
