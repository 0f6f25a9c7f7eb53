package import ContainerViews
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText

/// What the operator asked for, checked.
package struct Configuration: Sendable {
    /// The directory to mount on.
    package var mountPoint: String
    /// The file that holds the daemon's pid, locked while it runs.
    package var pidFile: String
    /// The texts of all `-o` options.
    package var mountOptions: [String]
    /// Choices about the views.
    package var views: ViewSettings
    /// Whether the cgroup tree is served where the host can have one; `--disable-cgroup` leaves it out.
    package var cgroupTree: Bool
    /// How long a new worker may take until it is ready, in nanoseconds.
    package var startTimeout: UInt64
    /// After how many seconds an unanswered request counts as stuck.
    package var requestTimeout: UInt64
    /// Where lxcfsctl and others reach the daemon.
    package var controlSocket: ControlSocket
    /// `-d`: log more.
    package var isDebugging: Bool

    /// Where the control socket is.
    package struct ControlSocket: Sendable, Equatable {
        /// Empty where there shall be none.
        package var path: String
        /// The name of the group that may open it, beside root; root's if `nil`.
        package var group: String?
        /// Whether the operator chose the path: then the daemon does not start without.
        package var isExplicit: Bool
    }

    /// - Parameters:
    ///   - mountOptions: each a list separated by commas, as mount(8) takes them.
    ///   - startTimeout: in seconds.
    ///   - controlSocket: a path, or `none`.
    package init(
        mountPoint: String, pidFile: String? = nil, runtimeDirectory: String = "/run", mountOptions: [String] = [],
        views: ViewSettings = ViewSettings(), cgroupTree: Bool = true, startTimeout: UInt64 = 10, requestTimeout: UInt64 = 30,
        controlSocket: String? = nil, controlGroup: String? = nil, isDebugging: Bool = false
    ) {
        var path = Substring(mountPoint)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.mountPoint = String(path)
        self.pidFile = pidFile ?? runtimeDirectory + "/lxcfs.pid"
        self.mountOptions = mountOptions
        self.views = views
        self.cgroupTree = cgroupTree
        self.startTimeout = startTimeout.saturatingMultiply(1_000_000_000)
        self.requestTimeout = requestTimeout
        self.controlSocket = ControlSocket(
            path: controlSocket == "none" ? "" : controlSocket ?? runtimeDirectory + "/" + ControlInterface.socketInRuntimeDirectory,
            group: controlGroup, isExplicit: controlSocket != nil)
        self.isDebugging = isDebugging
    }

    /// How many threads answer requests on a host with these mounts. Each has a slot in the memory that outlives workers: the number is chosen when the
    /// file system is mounted, and whoever takes over the connection keeps it.
    ///
    /// Requests block in the kernel now and then (a cgroup's statistics are summed up), so there are more threads than a small machine has CPUs. Writes to
    /// cgroups can take seconds (memory.force_empty, a limit below what is used): for the tree there are more.
    func threads(on mounts: MountTable) -> Int {
        cgroupTree && CgroupTreeState.isPossible(on: mounts) ? 32 : 8
    }
}
