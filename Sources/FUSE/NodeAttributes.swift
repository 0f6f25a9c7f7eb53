internal import CFuse3
internal import Glibc
package import LinuxSystem

/// What stat(2) shall show of a node.
package struct NodeAttributes: Sendable, Equatable {
    /// What a node is.
    package enum Kind: Sendable, Equatable {
        case file
        case directory

        var typeBits: UInt32 {
            switch self {
            case .file: S_IFREG
            case .directory: S_IFDIR
            }
        }
    }

    package var node: NodeID
    /// The number that is shown, st_ino. stat(2) of a 32-bit caller fails with EOVERFLOW on a longer one than 32 bits.
    package var inode: UInt64
    package var kind: Kind
    /// The permission bits, 0444.
    package var mode: UInt32
    /// The length in bytes, st_size.
    package var size: UInt64
    /// The number of names, st_nlink.
    package var linkCount: UInt32
    package var owner: UInt32 = 0
    package var group: UInt32 = 0
    /// The times; `nil` for the time of the question.
    package var times: FileTimes?

    /// A node of root's whose number is its inode number.
    package init(node: NodeID, kind: Kind, mode: UInt32, size: UInt64 = 0, linkCount: UInt32 = 1) {
        self.node = node
        inode = node.rawValue
        self.kind = kind
        self.mode = mode
        self.size = size
        self.linkCount = linkCount
    }

    /// A node that shows what a file of the host is like.
    package init(node: NodeID, inode: UInt64, like status: FileStatus) {
        self.node = node
        self.inode = inode
        kind = status.isDirectory ? .directory : .file
        mode = status.mode & 0o7777
        size = UInt64(clamping: status.size)
        linkCount = status.linkCount
        owner = status.owner
        group = status.group
        times = status.times
    }

    /// As stat(2) has it. Blocks are as many as the size needs: fewer make cp(1) look for holes, and it finds its end by st_size then.
    var status: stat {
        let times = times ?? FileTimes.now
        var status = stat()
        status.st_ino = UInt(inode)
        status.st_mode = kind.typeBits | (mode & 0o7777)
        status.st_nlink = .init(linkCount)
        status.st_uid = owner
        status.st_gid = group
        status.st_size = off_t(clamping: size)
        status.st_blksize = 4096
        status.st_blocks = .init(clamping: size / 512 + (size % 512 == 0 ? 0 : 1))
        status.st_atim = timespec(tv_sec: times.access.seconds, tv_nsec: times.access.nanoseconds)
        status.st_mtim = timespec(tv_sec: times.modification.seconds, tv_nsec: times.modification.nanoseconds)
        status.st_ctim = timespec(tv_sec: times.change.seconds, tv_nsec: times.change.nanoseconds)
        return status
    }
}
