internal import CFuse3
internal import Glibc

/// What stat(2) shall show of a node. The owner is 0:0 and all times are the time of the question.
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
    package var kind: Kind
    /// The permission bits, 0444.
    package var mode: UInt32
    /// The length in bytes, st_size.
    package var size: UInt64
    /// The number of names, st_nlink.
    package var linkCount: UInt32

    package init(node: NodeID, kind: Kind, mode: UInt32, size: UInt64 = 0, linkCount: UInt32 = 1) {
        self.node = node
        self.kind = kind
        self.mode = mode
        self.size = size
        self.linkCount = linkCount
    }

    /// As stat(2) has it. Blocks are as many as the size needs: fewer make cp(1) look for holes, and it finds its end by st_size then.
    var status: stat {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var status = stat()
        status.st_ino = UInt(node.rawValue)
        status.st_mode = kind.typeBits | (mode & 0o7777)
        status.st_nlink = .init(linkCount)
        status.st_size = off_t(clamping: size)
        status.st_blksize = 4096
        status.st_blocks = .init(clamping: size / 512 + (size % 512 == 0 ? 0 : 1))
        status.st_atim = now
        status.st_mtim = now
        status.st_ctim = now
        return status
    }
}
