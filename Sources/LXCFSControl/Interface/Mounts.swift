/// The mounts that a runtime has to make, for each file that this host has.
/// files: `proc/meminfo`, `/proc/meminfo` or `meminfo`; a folder stands for all that is in it; all if absent. pid: tells what that process has there already.
package enum ListMounts: ControlMethod {
    package struct Parameters: Codable, Sendable, Equatable {
        package var files: [String]?
        package var pid: Int64?

        package init(files: [String]? = nil, pid: Int64? = nil) {
            self.files = files
            self.pid = pid
        }
    }

    package struct Reply: Codable, Sendable, Equatable {
        package var mountPoint: String
        package var mounts: [Mount]

        package init(mountPoint: String, mounts: [Mount]) {
            self.mountPoint = mountPoint
            self.mounts = mounts
        }
    }
}

/// A file or folder that a runtime has to bind into a container.
package struct Mount: Codable, Sendable, Equatable {
    /// Below the mount point: `proc/meminfo`.
    package var file: String
    /// Where the host has it.
    package var source: String
    /// Where the container shall have it.
    package var destination: String
    /// `bind`.
    package var type: String
    /// For the runtime's configuration: bind, rw, nosuid, nodev, noexec.
    package var options: [String]
    package var isFolder: Bool
    /// Runtimes that refuse the destination: `runc` has a list of files below /proc that it allows.
    package var refusedBy: [String]
    /// What the process that was asked about has there; absent if none was.
    package var state: State?

    package enum State: String, Codable, Sendable, Equatable, CaseIterable {
        case absent, present, dead, other
    }

    package init(
        file: String, source: String, destination: String, type: String, options: [String], isFolder: Bool, refusedBy: [String],
        state: State? = nil
    ) {
        self.file = file
        self.source = source
        self.destination = destination
        self.type = type
        self.options = options
        self.isFolder = isFolder
        self.refusedBy = refusedBy
        self.state = state
    }
}
