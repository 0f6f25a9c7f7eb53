internal import CFuse3
internal import LinuxSystem

/// What a request's header says of it, for a log line.
package struct RequestSummary: Sendable, Equatable, CustomStringConvertible {
    /// The kernel's number of the request, as `ReadRequest.id`.
    package let id: UInt64
    /// FUSE's number of what is asked for.
    package let opcode: UInt32
    /// The file or directory, 0 where the request is about none.
    package let node: UInt64
    /// The caller's thread, as seen in the pid namespace the file system was mounted in; 0 where it cannot be seen from there.
    package let pid: UInt32
    /// The caller's user id for file access.
    package let uid: UInt32

    /// From a receive buffer, whatever is in it.
    init(_ buffer: SharedRegion) {
        opcode = buffer.load32(at: 4)
        id = RequestSummary.id(ofUnique: buffer.load64(at: 8))
        node = buffer.load64(at: 16)
        uid = buffer.load32(at: 24)
        pid = buffer.load32(at: 32)
    }

    /// The kernel marks a request that it hands out again with the highest bit (FUSE_UNIQUE_RESEND).
    static func id(ofUnique unique: UInt64) -> UInt64 { unique & ~resendBit }
    static let resendBit: UInt64 = 1 << 63

    /// FUSE's word for what is asked for, `READ`.
    package var name: String { RequestSummary.names[opcode] ?? "request \(opcode)" }

    package var description: String { "\(name) of node \(node) by process \(pid) of user \(uid)" }

    private static let names: [UInt32: String] = {
        let names: [(fuse_opcode, String)] = [
            (FUSE_LOOKUP, "LOOKUP"), (FUSE_FORGET, "FORGET"), (FUSE_GETATTR, "GETATTR"), (FUSE_SETATTR, "SETATTR"),
            (FUSE_READLINK, "READLINK"), (FUSE_SYMLINK, "SYMLINK"), (FUSE_MKNOD, "MKNOD"), (FUSE_MKDIR, "MKDIR"), (FUSE_UNLINK, "UNLINK"),
            (FUSE_RMDIR, "RMDIR"), (FUSE_RENAME, "RENAME"), (FUSE_LINK, "LINK"), (FUSE_OPEN, "OPEN"), (FUSE_READ, "READ"),
            (FUSE_WRITE, "WRITE"), (FUSE_STATFS, "STATFS"), (FUSE_RELEASE, "RELEASE"), (FUSE_FSYNC, "FSYNC"), (FUSE_SETXATTR, "SETXATTR"),
            (FUSE_GETXATTR, "GETXATTR"), (FUSE_LISTXATTR, "LISTXATTR"), (FUSE_REMOVEXATTR, "REMOVEXATTR"), (FUSE_FLUSH, "FLUSH"),
            (FUSE_INIT, "INIT"), (FUSE_OPENDIR, "OPENDIR"), (FUSE_READDIR, "READDIR"), (FUSE_RELEASEDIR, "RELEASEDIR"),
            (FUSE_FSYNCDIR, "FSYNCDIR"), (FUSE_GETLK, "GETLK"), (FUSE_SETLK, "SETLK"), (FUSE_SETLKW, "SETLKW"), (FUSE_ACCESS, "ACCESS"),
            (FUSE_CREATE, "CREATE"), (FUSE_INTERRUPT, "INTERRUPT"), (FUSE_BMAP, "BMAP"), (FUSE_DESTROY, "DESTROY"), (FUSE_IOCTL, "IOCTL"),
            (FUSE_POLL, "POLL"), (FUSE_BATCH_FORGET, "BATCH_FORGET"), (FUSE_FALLOCATE, "FALLOCATE"), (FUSE_READDIRPLUS, "READDIRPLUS"),
            (FUSE_RENAME2, "RENAME2"), (FUSE_LSEEK, "LSEEK"), (FUSE_COPY_FILE_RANGE, "COPY_FILE_RANGE"),
        ]
        return Dictionary(uniqueKeysWithValues: names.map { ($0.0.rawValue, $0.1) })
    }()
}
