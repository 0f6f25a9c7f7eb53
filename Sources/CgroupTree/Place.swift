internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// What a node's number stands for now: a cgroup's directory, or a file in it.
struct Place: Sendable {
    let hierarchy: TreeHierarchy
    let node: TreeNode
    /// The directory's path, relative to what is mounted.
    let directory: [UInt8]
    /// The file's name; `nil` for the directory itself.
    let file: [UInt8]?

    /// The root of what is mounted.
    init(rootOf hierarchy: TreeHierarchy) {
        self.hierarchy = hierarchy
        node = hierarchy.root
        directory = []
        file = nil
    }

    /// Only looks up what the number means: nothing that a caller may not know leaves this module.
    /// - Throws: ESTALE where it means nothing any more.
    init(_ node: TreeNode, in hierarchy: TreeHierarchy) throws(Errno) {
        self.hierarchy = hierarchy
        self.node = node
        let path = try hierarchy.files.path(ofNode: node.directory)
        directory = path
        file =
            node.file == 0
            ? nil
            // Names of cgroups are chosen by who makes them, and may have any number: they are left out.
            : try hierarchy.fileNumbers.name(of: node.file) { () throws(Errno) in
                try Directory(adopting: hierarchy.files.open(path, OwnedFileDescriptor.pathOnlyFlag | O_DIRECTORY)).files()
            }
    }

    /// A directory on the way down to a caller's cgroup, of which that one sees no more than that it is there. So nobody is asked for permission.
    init(stepTo path: [UInt8], in hierarchy: TreeHierarchy) throws(Errno) {
        let status = try hierarchy.files.open(path, OwnedFileDescriptor.pathOnlyFlag | O_DIRECTORY).status()
        guard let node = TreeNode(hierarchy: hierarchy.number, inode: status.inode) else { throw .overflow }
        self.hierarchy = hierarchy
        self.node = node
        directory = path
        file = nil
    }

    /// The path of what has this name in the directory.
    func path(of name: [UInt8]) -> [UInt8] { directory.isEmpty ? name : directory + [Sight.slash] + name }

    // MARK: - On a caller's thread

    /// Opens it.
    /// - Throws: ENOENT where something else has its path by now.
    func open(_ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        if let file { return try openDirectory(OwnedFileDescriptor.pathOnlyFlag).openBeneath(file, flags) }
        return try openDirectory(flags)
    }

    /// Opens the directory, which may be the one that the file is in.
    func openDirectory(_ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        let opened = try hierarchy.files.open(directory, flags | O_DIRECTORY)
        guard try opened.status().inode == node.directory else { throw .noSuchFileOrDirectory }
        return opened
    }

    /// The directory, to do something with a name in it; ENOTDIR where this is a file.
    func openParent() throws(Errno) -> OwnedFileDescriptor {
        guard file == nil else { throw .notDirectory }
        return try openDirectory(OwnedFileDescriptor.pathOnlyFlag)
    }

    /// What the thing of that name in the directory is like.
    func status(of name: FileName) throws(Errno) -> FileStatus {
        try openParent().openBeneath(name.bytes, OwnedFileDescriptor.pathOnlyFlag).status()
    }

    // MARK: - What stat(2) shows

    /// Of this one.
    func attributes(_ status: FileStatus) -> NodeAttributes { attributes(node, status) }

    /// Of the thing of that name in the directory.
    /// - Throws: EOVERFLOW for what no node id can name.
    func attributes(of name: FileName, _ status: FileStatus) throws(Errno) -> NodeAttributes {
        let found =
            status.isDirectory
            ? TreeNode(hierarchy: hierarchy.number, inode: status.inode)
            : TreeNode(hierarchy: hierarchy.number, inode: node.directory, file: try hierarchy.fileNumbers.learn(name.bytes))
        guard let found else { throw .overflow }
        return attributes(found, status)
    }

    private func attributes(_ node: TreeNode, _ status: FileStatus) -> NodeAttributes {
        var attributes = NodeAttributes(node: node.node, inode: hierarchy.shownInode(status.inode), like: status)
        // A file of cgroupfs has the length 0. Of one of FUSE sendfile(2), which BusyBox's cat(1) begins with, would take that for its end; so it is what
        // sysfs shows.
        if attributes.kind == .file { attributes.size = 4096 }
        return attributes
    }
}

extension FileName {
    /// Whether it is a name of one component that leads down. The kernel sends no other.
    func check() throws(Errno) {
        guard !bytes.isEmpty, !bytes.contains(0), !bytes.contains(Sight.slash), bytes != [0x2e], bytes != [0x2e, 0x2e] else {
            throw .invalidArgument
        }
    }
}
