package import SystemPackage

/// The host as the daemon reads it: /proc, /sys and the cgroup mounts, by descriptors opened once at start.
///
/// Rooted at a directory of fixtures, the same code reads a made-up host: every view is a pure function of these files and the time.
package final class HostFilesystem: Sendable {
    /// Where this host's `/` is: empty for the real one, a fixture's folder without trailing slash else.
    package let root: String
    /// /proc.
    package let proc: Directory
    /// /sys.
    package let sys: Directory

    /// The real host. /proc and /sys are detached copies of their mounts, so that nothing that is mounted over one of
    /// their files, our own views least of all, is ever read back.
    package init() throws(Errno) {
        root = ""
        proc = try Directory(pristineMountAt: "/proc")
        sys = try Directory(pristineMountAt: "/sys")
    }

    /// A host made of files below `root`: `root/proc`, `root/sys`, `root/sys/fs/cgroup`.
    package init(fixture root: String) throws(Errno) {
        self.root = root
        proc = try Directory(path: root + "/proc")
        sys = try Directory(path: root + "/sys")
    }

    /// The file system that is mounted at `path` of this host, as a detached copy on the real one.
    package func mount(at path: String) throws(Errno) -> Directory {
        root.isEmpty ? try Directory(pristineMountAt: path) : try Directory(path: root + path)
    }
}
