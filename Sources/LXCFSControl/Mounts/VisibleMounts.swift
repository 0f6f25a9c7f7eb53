package import LinuxSystem
internal import SystemPackage

/// What is mounted for whoever runs this program: a runtime that is given a source which lxcfs is mounted on in another mount namespace only
/// would mount an empty folder, or fail.
///
/// Only the kernel's table is asked, no file is touched: a mount whose server is dead or stopped holds nobody up.
package struct VisibleMounts {
    private let table: MountTable

    package init(table: MountTable) {
        self.table = table
    }

    /// What is mounted for this process.
    static func current() throws(MountListError) -> VisibleMounts {
        do throws(Errno) {
            return VisibleMounts(table: try MountTable.current())
        } catch {
            throw .noTable(error)
        }
    }

    /// - Parameter device: of the daemon's mount, as mountinfo has it.
    /// - Throws: `notVisible` where a source is not, for this process, a file of that mount.
    package func check(_ list: ListMounts.Reply, device: String) throws(MountListError) {
        for mount in list.mounts {
            let seen = topmost(above: mount.source)
            if let seen, seen.type == MountTable.lxcfsType, seen.device == device { continue }
            let what =
                switch seen?.type {
                case MountTable.lxcfsType: "another lxcfs, or one that is dead, is mounted at \(list.mountPoint) there"
                case let type? where seen?.mountPoint.hasPrefix(list.mountPoint) == true: "a file system of type \(type) covers it there"
                default: "nothing is mounted at \(list.mountPoint) there"
                }
            throw .notVisible(source: mount.source, reason: what)
        }
    }

    /// Whether a path leads into a mount of lxcfs.
    package func isLXCFS(_ path: String) -> Bool { topmost(above: path)?.type == MountTable.lxcfsType }

    /// Whether what is mounted at a path would be mounted outside a folder too: the mount there has a peer elsewhere, mount_namespaces(7).
    package func isShared(_ path: String, outside folder: String) -> Bool {
        guard let group = topmost(above: path)?.propagation.first(where: { $0.hasPrefix("shared:") }) else { return false }
        return table.entries.contains { $0.propagation.contains(group) && !VisibleMounts.isAt($0.mountPoint, orAbove: folder) }
    }

    /// The mount that a path leads into: of those at the longest beginning of the path, the last.
    private func topmost(above path: String) -> MountTableEntry? {
        var found: MountTableEntry?
        for entry in table.entries where VisibleMounts.isAt(path, orAbove: entry.mountPoint) {
            if entry.mountPoint.utf8.count >= (found?.mountPoint.utf8.count ?? 0) { found = entry }
        }
        return found
    }

    private static func isAt(_ path: String, orAbove folder: String) -> Bool {
        path == folder || folder == "/" || path.hasPrefix(folder + "/")
    }
}

extension MountTable {
    /// The type of lxcfs's mounts, this one's or another's.
    package static let lxcfsType = "fuse.lxcfs"
}
