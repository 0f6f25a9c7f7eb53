package import LinuxSystem
internal import Synchronization
package import SystemPackage

/// One mounted cgroup hierarchy, and the cgroups of it that are in use.
package final class CgroupHierarchy: Sendable {
    /// Its place in `CgroupLayout.hierarchies`.
    package let index: Int
    /// Which interface its files speak.
    package let version: CgroupVersion
    /// v1: its controllers, or `name=systemd`. v2: cgroup.controllers of its root.
    package let names: [String]
    /// Its controllers, and `name=systemd` where it is named: `names` without the options that are none of these.
    package let controllers: [String]
    /// Where the host has it mounted; for people, never opened again.
    package let mountPoint: String
    /// The device of its superblock: with it an inode number names a cgroup, whoever asks; 0 where the kernel does not say.
    package let device: UInt64

    /// Mount options of version 1, cgroup1_show_options().
    private static let options: Set<String> = ["rw", "ro", "xattr", "clone_children", "noprefix", "cpuset_v2_mode", "favordynmods", "none"]

    /// The cgroup that is the root of what is mounted: not the hierarchy's own root where the host is a container itself.
    package let mountRoot: CgroupPath
    /// The directory of that cgroup.
    package let root: Directory
    private let known = Mutex<[CgroupPath: WeakCgroup]>([:])

    init(index: Int, version: CgroupVersion, names: [String], mountPoint: String, mountRoot: CgroupPath, root: Directory) {
        self.index = index
        self.version = version
        self.names = names
        controllers = names.filter { !CgroupHierarchy.options.contains($0) && !$0.hasPrefix("release_agent=") }
        self.mountPoint = mountPoint
        self.mountRoot = mountRoot
        self.root = root
        device = (try? root.status(""))?.device ?? 0
    }

    /// The cgroup at `path`, shared with everyone else who asked for it; a cgroup that was removed and made again is a new one.
    /// - Throws: ENOENT where there is no such cgroup below the mount.
    package func cgroup(at path: CgroupPath) throws(Errno) -> Cgroup {
        guard let relative = path.relative(to: mountRoot) else { throw .noSuchFileOrDirectory }
        let inode = try root.status(relative).inode
        if let existing = known.withLock({ $0[path]?.cgroup }), existing.inode == inode { return existing }
        var parent: Cgroup?
        if let above = path.parent, path != mountRoot { parent = try cgroup(at: above) }
        let made = Cgroup(path: path, hierarchy: self, parent: parent, inode: inode, directory: try root.directory(relative))
        return known.withLock { known in
            if let other = known[path]?.cgroup, other.inode == inode { return other }
            known[path] = WeakCgroup(cgroup: made)
            return made
        }
    }

    /// The path of a cgroup's directory as the host has it mounted; for people, never opened.
    package func location(of path: CgroupPath) -> String {
        guard let relative = path.relative(to: mountRoot) else { return mountPoint + path.text }
        return relative.isEmpty ? mountPoint : mountPoint + "/" + String(decoding: relative, as: UTF8.self)
    }

    /// Forgets the cgroups that nobody uses any more. To be called from time to time.
    package func forgetUnused() {
        known.withLock { known in known = known.filter { $0.value.cgroup != nil } }
    }

    /// The cgroups right below `cgroup`, whose directory is `directory`. One that is removed meanwhile is left out.
    func children(of cgroup: Cgroup, in directory: Directory) throws(Errno) -> [Cgroup] {
        try directory.subdirectories().compactMap { name in
            try? self.cgroup(at: cgroup.path.appending(name))
        }
    }
}

private struct WeakCgroup: Sendable {
    weak let cgroup: Cgroup?
}
