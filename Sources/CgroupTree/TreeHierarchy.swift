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
