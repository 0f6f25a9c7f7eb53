internal import CFuse3
internal import Glibc
internal import SystemPackage

/// What is refused without asking the file system, in the one place.
///
/// Where the file system cannot be changed (`FileSystem.writable(at:)`), that is every change, as on a read-only file system, and the few things that
/// procfs does not have, with the errors that procfs gives. Where it can be changed, it is what cgroupfs does not have, with its errors.
enum RefusalPolicy {
    /// Why a file may not be opened so, if it may not.
    static func refusal(of flags: OpenFlags, at node: NodeID, in fileSystem: any FileSystem) -> Errno? {
        flags.isForWriting && fileSystem.writable(at: node) == nil ? .readOnlyFileSystem : nil
    }

    /// Why access(2) is refused, if it is.
    static func refusal(of mask: AccessMask, at node: NodeID, in fileSystem: any FileSystem) -> Errno? {
        mask.contains(.write) && fileSystem.writable(at: node) == nil ? .readOnlyFileSystem : nil
    }

    static func apply(to operations: inout fuse_lowlevel_ops) {
        refuseNames(in: &operations)
        refuseChangesOfFiles(in: &operations)
        answerAsKernel(in: &operations)
        answerStatistics(in: &operations)
    }

    /// Files and links are neither made nor removed: cgroupfs has no methods for it. vfs_create() answers EACCES then, also for mknod(2) of a
    /// regular file; vfs_mknod(), vfs_symlink(), vfs_link() and vfs_unlink() answer EPERM to who may write the directory.
    private static func refuseNames(in operations: inout fuse_lowlevel_ops) {
        operations.create = { request, node, _, _, _ in RefusalPolicy.refuse(request, node, EACCES) }
        operations.mknod = { request, node, _, mode, _ in
            let isFile = mode & S_IFMT == S_IFREG
            return isFile ? RefusalPolicy.refuse(request, node, EACCES) : RefusalPolicy.refuseToWriters(request, node, .notPermitted)
        }
        operations.symlink = { request, _, node, _ in RefusalPolicy.refuseToWriters(request, node, .notPermitted) }
        operations.link = { request, _, node, _ in RefusalPolicy.refuseToWriters(request, node, .notPermitted) }
        operations.unlink = { request, node, _ in RefusalPolicy.refuseToWriters(request, node, .notPermitted) }
    }

    private static func refuseChangesOfFiles(in operations: inout fuse_lowlevel_ops) {
        // cgroupfs has extended attributes; ours have none.
        operations.setxattr = { request, node, _, _, _, _ in RefusalPolicy.refuse(request, node, EOPNOTSUPP) }
        operations.removexattr = { request, node, _ in RefusalPolicy.refuse(request, node, EOPNOTSUPP) }
        operations.fallocate = { request, node, _, _, _, _ in RefusalPolicy.refuse(request, node, EOPNOTSUPP) }
        // The node that counts is the one that is written.
        operations.copy_file_range = { request, _, _, _, node, _, _, _, _ in RefusalPolicy.refuse(request, node, EOPNOTSUPP) }
    }

    /// What is missing here is answered ENOSYS by libfuse, and the kernel does not ask again: FLUSH, POLL (a file of ours is always ready),
    /// GETXATTR and LISTXATTR (EOPNOTSUPP). Locks were not negotiated: the kernel keeps them itself.
    private static func answerAsKernel(in operations: inout fuse_lowlevel_ops) {
        // noop_fsync() of kernfs, for files; else vfs_fsync_range() for files without the method. ENOSYS would be success everywhere.
        operations.fsync = { request, node, _, _ in fuse_reply_err(request, RefusalPolicy.isWritable(request, node) ? 0 : EINVAL) }
        operations.fsyncdir = { request, _, _, _ in fuse_reply_err(request, EINVAL) }
        // generic_file_llseek() of an empty file in kernfs; else seq_lseek(): only SEEK_DATA and SEEK_HOLE arrive. ENOSYS would show a hole at
        // st_size, where cp(1) would stop.
        operations.lseek = { request, node, _, _, _ in fuse_reply_err(request, RefusalPolicy.isWritable(request, node) ? ENXIO : EINVAL) }
        operations.ioctl = { request, _, _, _, _, _, _, _, _ in fuse_reply_err(request, ENOTTY) }
    }

    /// As simple_statfs(): a file system without blocks.
    private static func answerStatistics(in operations: inout fuse_lowlevel_ops) {
        operations.statfs = { request, _ in
            var statistics = statvfs()
            statistics.f_bsize = 4096
            statistics.f_frsize = 4096
            statistics.f_namemax = 255
            fuse_reply_statfs(request, &statistics)
        }
    }

    private static func isWritable(_ request: OpaquePointer?, _ node: fuse_ino_t) -> Bool {
        guard let request, let node = NodeID(node) else { return false }
        return SessionContext.of(request).fileSystem.writable(at: node) != nil
    }

    /// Answers with an error, where nothing can be changed EROFS.
    private static func refuse(_ request: OpaquePointer?, _ node: fuse_ino_t, _ error: CInt) {
        fuse_reply_err(request, RefusalPolicy.isWritable(request, node) ? error : EROFS)
    }

    /// The same to who may write the directory; who may not is told that.
    private static func refuseToWriters(_ request: OpaquePointer?, _ directory: fuse_ino_t, _ error: Errno) {
        guard let request else { return }
        let pending = PendingRequest(request)
        guard let directory = NodeID(directory), let part = SessionContext.of(request).fileSystem.writable(at: directory) else {
            return pending.fail(.readOnlyFileSystem)
        }
        part.access(directory, mask: [.write, .execute], caller: Caller(request), reply: StatusReply(request: pending, refusal: error))
    }
}
