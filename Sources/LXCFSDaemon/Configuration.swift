package import ContainerViews

/// What the operator asked for, checked.
package struct Configuration: Sendable {
    /// Where the file system is mounted; an absolute path without trailing slash.
    package var mountPoint: String
    /// The file that holds the daemon's pid, locked while it runs.
    package var pidFile: String
    /// Kernel mount options of `-o` beyond the daemon's own.
    package var mountOptions: [String]
    /// Choices about the views.
    package var views: ViewSettings
    /// Threads that answer requests.
    package var threads: Int
    /// `-d`: log more.
    package var isDebugging: Bool

    /// - Parameter mountOptions: the texts of all `-o` options, each a list separated by commas.
    package init(
        mountPoint: String, pidFile: String? = nil, runtimeDirectory: String = "/run", mountOptions: [String] = [],
        views: ViewSettings = ViewSettings(), threads: Int? = nil, isDebugging: Bool = false
    ) throws(StartError) {
        guard mountPoint.hasPrefix("/") else { throw .relativeMountPoint(mountPoint) }
        var path = Substring(mountPoint)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.mountPoint = String(path)
        self.pidFile = pidFile ?? runtimeDirectory + "/lxcfs.pid"
        self.mountOptions = mountOptions.flatMap { $0.split(separator: ",").map(String.init) }.filter { !Configuration.isOurs($0) }
        self.views = views
        self.threads = threads ?? Configuration.defaultThreads
        self.isDebugging = isDebugging
    }

    /// Requests block in the kernel now and then (a cgroup's statistics are summed up), so there are more threads than a small machine has CPUs.
    static let defaultThreads = 8

    /// Options that people pass to the C program and that have no meaning here because they are always decided by the daemon.
    private static func isOurs(_ option: String) -> Bool {
        let name = option.split(separator: "=", maxSplits: 1).first.map(String.init) ?? option
        return ["allow_other", "direct_io", "entry_timeout", "attr_timeout", "nonempty"].contains(name)
    }
}
