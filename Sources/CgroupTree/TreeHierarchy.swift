internal import Cgroups
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// A hierarchy of version 1 as the tree shows it.
struct TreeHierarchy: Sendable {
    /// The folder's name: the last component of where the host has it mounted, `cpu,cpuacct`.
    let name: [UInt8]
    /// Its place in the layout.
    let index: Int
    /// The cgroup that is the root of what is mounted.
    let mountRoot: CgroupPath
    /// What node ids name it by: the lower bits of the minor number of its device.
    let number: UInt16
    /// The node of the root of what is mounted.
    let root: TreeNode
    let files: KernfsTree
    let fileNumbers = FileNumbers()

    /// - Throws: what the kernel said to the one file handle that is tried.
    init(_ hierarchy: CgroupHierarchy, host: HostFilesystem) throws(Errno) {
        name = hierarchy.mountPoint.utf8.split(separator: Sight.slash).last.map(Array.init) ?? []
        index = hierarchy.index
        mountRoot = hierarchy.mountRoot
        let minor = hierarchy.device & 0xff | hierarchy.device >> 12 & ~0xff
        number = UInt16(minor & (1 << TreeNode.hierarchyBits - 1))
        files = try KernfsTree(hierarchy.root, proc: host.proc)
        guard let root = TreeNode(hierarchy: number, inode: files.status.inode) else { throw .overflow }
        self.root = root
    }

    /// The number that stat(2) shows.
    func shownInode(_ inode: UInt64) -> UInt64 { TreeNode.shownInode(inode, hierarchy: number) }

    // MARK: - What a caller sees

    /// What a caller sees of this hierarchy.
    ///
    /// A container's init may move itself to a cgroup below its own, as init systems do. The container's cgroup is the one above still, which is known by an
    /// attribute that the move left there: see `rememberContainer`.
    func sight(of own: OwnCgroups) -> Sight {
        let sight = Sight(own, in: self)
        guard case .cgroup(let path) = sight, let namespace = own.namespace else { return sight }
        let marked = TreeHierarchy.above(path).last { mark(TreeHierarchy.container, of: $0) == namespace }
        return marked.map { .cgroup($0) } ?? sight
    }

    /// The cgroups above one, the highest first, as far as they are asked for marks: containers lie no deeper, and nobody who may make cgroups decides how much
    /// work a request is.
    static func above(_ path: [UInt8]) -> [[UInt8]] {
        path.indices.lazy.filter { path[$0] == Sight.slash }.prefix(mostLevels).map { Array(path[..<$0]) }
    }

    private func mark(_ name: String, of path: [UInt8]) -> [UInt8]? {
        try? files.open(path, O_RDONLY | O_DIRECTORY).attribute(name)
    }

    /// To be called before a caller moves a process to a cgroup below the container's own: notes with that one which pid namespace it is the container of.
    /// Only who has CAP_SYS_ADMIN on the host can read or write such an attribute; it goes with the cgroup.
    func rememberContainer(of own: OwnCgroups, movingTo directory: [UInt8]) {
        guard let namespace = own.namespace, case .cgroup(let path) = sight(of: own), path != directory,
            let container = try? files.open(path, O_RDONLY | O_DIRECTORY), (try? container.attribute(TreeHierarchy.container)) != namespace
        else { return }
        // Without it the container is only shown less.
        try? container.setAttribute(TreeHierarchy.container, to: namespace)
    }

    /// The cgroup that counts for what a caller may make: its own, or the highest one above it in which the tree has made cgroups for who lived there. A container
    /// may start processes in cgroups of its own with pid namespaces of their own; for these it is a container still.
    func counted(_ own: [UInt8]) -> [UInt8] {
        if let above = TreeHierarchy.above(own).first(where: { mark(TreeHierarchy.makes, of: $0) != nil }) { return above }
        if let directory = try? files.open(own, O_RDONLY | O_DIRECTORY), (try? directory.attribute(TreeHierarchy.makes)) == nil {
            try? directory.setAttribute(TreeHierarchy.makes, to: [UInt8(ascii: "1")])
        }
        return own
    }

    private static let mostLevels = 32
    private static let container = "trusted.lxcfs.container"
    private static let makes = "trusted.lxcfs.makes-cgroups"

    /// The cgroups below one, counted no further than to `most`.
    func countGroups(below path: [UInt8], most: Int) throws(Errno) -> Int {
        var waiting = [path]
        var count = 0
        while let next = waiting.popLast() {
            // What is gone has none.
            guard let directory = try? Directory(adopting: files.open(next, OwnedFileDescriptor.pathOnlyFlag | O_DIRECTORY)) else {
                continue
            }
            let names = try directory.subdirectories()
            count += names.count
            if count >= most { return count }
            waiting += names.map { next + [Sight.slash] + $0 }
        }
        return count
    }
}
