/// Puts files into the running container of a process, all if none are named. Root only.
package enum Attach: ControlMethod {
    package static var isChanging: Bool { true }

    package struct Parameters: Codable, Sendable, Equatable {
        package var pid: Int64
        package var files: [String]?

        package init(pid: Int64, files: [String]? = nil) {
            self.pid = pid
            self.files = files
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var container: String
        package var targets: [Target]

        package init(container: String, targets: [Target]) {
            self.container = container
            self.targets = targets
        }
    }
}

/// Takes files out of the running container of a process, all if none are named. Root only.
package enum Detach: ControlMethod {
    package static var isChanging: Bool { true }
    package typealias Parameters = Attach.Parameters
    package typealias Reply = Attach.Reply
}

/// Replaces the mounts of an lxcfs that is dead, in the container of a process, or in all if none is named. Root only.
package enum Repair: ControlMethod {
    package static var isChanging: Bool { true }

    package struct Parameters: Codable, Sendable, Equatable {
        package var pid: Int64?

        package init(pid: Int64? = nil) {
            self.pid = pid
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var repaired: [Repaired]

        package init(repaired: [Repaired]) {
            self.repaired = repaired
        }
    }
}

/// What was done with one mount in a container.
package struct Target: Codable, Sendable, Equatable {
    /// Below the mount point: `proc/meminfo`.
    package var file: String
    /// In the container.
    package var destination: String
    /// mounted: it was not there. present: it was there, alive. replaced: a dead one was. removed. skipped: the container has no such place.
    package var outcome: Outcome
    /// Why it was skipped or failed.
    package var reason: String?

    package enum Outcome: String, Codable, Sendable, Equatable, CaseIterable {
        case mounted, present, replaced, removed, skipped, failed
    }

    package init(file: String, destination: String, outcome: Outcome, reason: String? = nil) {
        self.file = file
        self.destination = destination
        self.outcome = outcome
        self.reason = reason
    }
}

/// What was done in one mount namespace.
package struct Repaired: Codable, Sendable, Equatable {
    /// A process of it.
    package var pid: Int64
    /// The container's id.
    package var container: String
    package var targets: [Target]

    package init(pid: Int64, container: String, targets: [Target]) {
        self.pid = pid
        self.container = container
        self.targets = targets
    }
}
