internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

extension CgroupTree {
    /// An entry of a directory as READDIR shows it.
    struct Entry: Sendable {
        let name: FileName
        let inode: UInt64
        let kind: NodeAttributes.Kind
        /// Where the listing goes on behind it.
        let nextOffset: UInt64
    }

    /// The entries of a directory from an offset on: some of them, or none at the end.
    func entries(of node: NodeID, from offset: UInt64, _ caller: TreeCaller) throws(Errno) -> [Entry] {
        if TreeNode(node) == .top {
            let folders = hierarchies.map { (FileName(bytes: $0.name), $0.shownInode($0.root.directory)) }
            return CgroupTree.folder(CgroupTree.top.inode, folders, from: offset)
        }
        let visible = try visible(node, caller)
        let place = visible.place
        if case .above(let next) = visible.standing { return steps(of: place, next, from: offset) }
        let listed = try asCaller(caller) { () throws(Errno) in
            try place.openDirectory(O_RDONLY).entries(from: Int64(clamping: offset), size: 16384)
        }
        return listed.map { entry in
            Entry(
                name: FileName(bytes: entry.name), inode: place.hierarchy.shownInode(entry.inode),
                kind: entry.isDirectory ? .directory : .file,
                nextOffset: UInt64(bitPattern: entry.nextOffset))
        }
    }

    /// A directory on the way down to the caller's cgroup: the next step, unless that has gone.
    private func steps(of place: Place, _ next: [UInt8]?, from offset: UInt64) -> [Entry] {
        let hierarchy = place.hierarchy
        var folders: [(FileName, UInt64)] = []
        if let next, let step = try? Place(stepTo: place.path(of: next), in: hierarchy) {
            folders.append((FileName(bytes: next), hierarchy.shownInode(step.node.directory)))
        }
        return CgroupTree.folder(hierarchy.shownInode(place.node.directory), folders, from: offset)
    }

    /// Entry number n, `.` and `..` first, is followed by offset n.
    private static func folder(_ inode: UInt64, _ folders: [(FileName, UInt64)], from offset: UInt64) -> [Entry] {
        let all = [(".", inode), ("..", inode)] + folders
        return all.enumerated().dropFirst(Int(clamping: offset)).map { index, folder in
            Entry(name: folder.0, inode: folder.1, kind: .directory, nextOffset: UInt64(index + 1))
        }
    }
}
