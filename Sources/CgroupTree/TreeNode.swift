internal import FUSE

/// What a node id of the tree means: a cgroup's directory, or one of its files.
///
/// Bit 63, which no other node id has; 10 bits: the hierarchy; 39 bits: the number that kernfs gave the directory, which is never given twice as long as the
/// hierarchy exists; 14 bits: 0 for the directory itself, or a number made from the file's name. So an id means the same to every process that
/// ever serves the mount, and nothing has to be remembered.
///
/// A file's own kernfs number would not do: the kernel finds a file by it (open_by_handle_at(2)), but not always where the file is.
struct TreeNode: Hashable, Sendable {
    /// The lower bits of the minor number of the hierarchy's device.
    let hierarchy: UInt16
    /// The inode number that cgroupfs shows for the directory.
    let directory: UInt64
    /// See `FileNumbers`; 0 for the directory itself.
    let file: UInt16

    /// The folder that holds the hierarchies.
    static let top = TreeNode(hierarchy: 0, directory: 0, file: 0)

    private init(hierarchy: UInt16, directory: UInt64, file: UInt16) {
        self.hierarchy = hierarchy
        self.directory = directory
        self.file = file
    }

    /// `nil` for a number of more than 39 bits: a kernel gives those out after as many cgroups and files.
    init?(hierarchy: UInt16, inode: UInt64, file: UInt16 = 0) {
        guard inode != 0, inode < 1 << TreeNode.directoryBits, hierarchy < 1 << TreeNode.hierarchyBits, file < 1 << TreeNode.fileBits
        else { return nil }
        self.init(hierarchy: hierarchy, directory: inode, file: file)
    }

    /// `nil` where it is no number of the tree.
    init?(_ node: NodeID) {
        guard TreeNode.holds(node) else { return nil }
        let number = node.rawValue & ~TreeNode.mark
        file = UInt16(number & (1 << TreeNode.fileBits - 1))
        directory = number >> TreeNode.fileBits & (1 << TreeNode.directoryBits - 1)
        hierarchy = UInt16(number >> (TreeNode.fileBits + TreeNode.directoryBits))
        guard self == .top || directory != 0 else { return nil }
    }

    var node: NodeID {
        NodeID(
            rawValue: TreeNode.mark | UInt64(hierarchy) << (TreeNode.fileBits + TreeNode.directoryBits) | directory << TreeNode.fileBits
                | UInt64(file))
    }

    /// Whether the number is one of the tree.
    static func holds(_ node: NodeID) -> Bool { node.rawValue & mark != 0 }

    /// What stat(2) shows as the inode number of something that has this one in its hierarchy, where alone it is unique: find(1) takes two directories with
    /// one number for a loop. 32 bits as long as it fits: stat(2) of a 32-bit caller fails on a longer one.
    static func shownInode(_ inode: UInt64, hierarchy: UInt16) -> UInt64 {
        if hierarchy < 1 << 8, inode < 1 << 22 { return 3 << 30 | UInt64(hierarchy) << 22 | inode }
        return UInt64(hierarchy) << 48 | inode
    }

    static let hierarchyBits: UInt64 = 10
    static let fileBits: UInt64 = 14
    private static let directoryBits: UInt64 = 39
    private static let mark: UInt64 = 1 << 63
}
