internal import CFuse3
internal import Glibc
internal import SystemPackage

/// What is answered without asking the file system: every operation that would change something, as on a read-only file system,
/// and the few that procfs itself does not have, with the errors that procfs gives.
///
/// The one place to extend when a part of the tree becomes writable.
enum ReadOnlyPolicy {
    /// Why a file may not be opened so, if it may not.
    static func refusal(of flags: OpenFlags) -> Errno? {
        flags.isForWriting ? .readOnlyFileSystem : nil
    }

    /// Why access(2) is refused, if it is.
    static func refusal(of mask: AccessMask) -> Errno? {
        mask.contains(.write) ? .readOnlyFileSystem : nil
    }

    static func apply(to operations: inout fuse_lowlevel_ops) {
        refuseChangesOfTheTree(in: &operations)
        refuseChangesOfFiles(in: &operations)
        answerAsProcfs(in: &operations)
    }

    private static func refuseChangesOfTheTree(in operations: inout fuse_lowlevel_ops) {
        operations.mknod = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.mkdir = { request, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.create = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.symlink = { request, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.link = { request, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.unlink = { request, _, _ in fuse_reply_err(request, EROFS) }
        operations.rmdir = { request, _, _ in fuse_reply_err(request, EROFS) }
        operations.rename = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
    }

    private static func refuseChangesOfFiles(in operations: inout fuse_lowlevel_ops) {
        // chmod(2), chown(2), utimensat(2), truncate(2), ftruncate(2).
        operations.setattr = { request, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.setxattr = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.removexattr = { request, _, _ in fuse_reply_err(request, EROFS) }
        // No file is ever open for writing; these do not arrive.
        operations.write = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.fallocate = { request, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
        operations.copy_file_range = { request, _, _, _, _, _, _, _, _ in fuse_reply_err(request, EROFS) }
    }

    /// What is missing here is answered ENOSYS by libfuse, and the kernel does not ask again: FLUSH, POLL (a file of ours is always ready),
    /// GETXATTR and LISTXATTR (EOPNOTSUPP). Locks were not negotiated: the kernel keeps them itself.
    private static func answerAsProcfs(in operations: inout fuse_lowlevel_ops) {
        // vfs_fsync_range() for files without the method. ENOSYS would be success.
        operations.fsync = { request, _, _, _ in fuse_reply_err(request, EINVAL) }
        operations.fsyncdir = { request, _, _, _ in fuse_reply_err(request, EINVAL) }
        // seq_lseek(): only SEEK_DATA and SEEK_HOLE arrive. ENOSYS would show a hole at st_size, where cp(1) would stop.
        operations.lseek = { request, _, _, _, _ in fuse_reply_err(request, EINVAL) }
        operations.ioctl = { request, _, _, _, _, _, _, _, _ in fuse_reply_err(request, ENOTTY) }
        // As simple_statfs(): a file system without blocks.
        operations.statfs = { request, _ in
            var statistics = statvfs()
            statistics.f_bsize = 4096
            statistics.f_frsize = 4096
            statistics.f_namemax = 255
            fuse_reply_statfs(request, &statistics)
        }
    }
}
