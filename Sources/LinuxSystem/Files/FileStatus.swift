internal import CLinux
internal import Glibc
package import SystemPackage

/// What stat(2) says of a file, as far as anyone here asks.
package struct FileStatus: Sendable, Equatable {
    /// The device of the file system.
    package let device: UInt64
    /// The inode number.
    package let inode: UInt64
    /// Type and permission bits.
    package let mode: UInt32
    /// The user id of the owner.
    package let owner: UInt32
    /// The group id.
    package let group: UInt32
    /// Length in bytes; 0 for kernel files.
    package let size: Int64
    /// The number of names, st_nlink.
    package let linkCount: UInt32
    package let times: FileTimes

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        mode = UInt32(status.st_mode)
        owner = status.st_uid
        group = status.st_gid
        size = Int64(status.st_size)
        linkCount = UInt32(clamping: status.st_nlink)
        times = FileTimes(access: FileTime(status.st_atim), modification: FileTime(status.st_mtim), change: FileTime(status.st_ctim))
    }

    /// stat(2).
    package init(following path: String) throws(Errno) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    /// Asks whoever serves the file system for a file's attributes, past what the kernel remembers of them, and waits for the answer.
    package static func ask(_ path: String) throws(Errno) {
        guard clinux_ask_file_system(path) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Whether both are the same inode.
    package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }

    /// Whether this is a directory.
    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

    /// Whether this is a regular file.
    package var isRegularFile: Bool { mode & S_IFMT == S_IFREG }
}
