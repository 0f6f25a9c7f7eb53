internal import CLinux
internal import Glibc
package import SystemPackage

/// A mounted kernfs, cgroups(7): from a directory's number to its path, and to open files by path, all beneath one descriptor.
package final class KernfsTree: Sendable {
    /// Kept: a detached mount goes with the descriptor that it was made with.
    private let root: Directory
    private let proc: Directory
    /// The root as a descriptor that is not O_PATH, which open_by_handle_at(2) does not take.
    private let mount: OwnedFileDescriptor
    /// What readlink(2) says of the root, without a slash at the end: empty for a detached mount.
    private let prefix: [UInt8]
    /// What stat(2) says of the root.
    package let status: FileStatus

    /// - Parameters:
    ///   - root: the root of the mount.
    ///   - proc: the procfs of this process's pid namespace.
    /// - Throws: ENOSYS and EPERM, among others, where the kernel or the privileges do not suffice for what is asked of this object later.
    package init(_ root: Directory, proc: Directory) throws(Errno) {
        self.root = root
        self.proc = proc
        mount = try root.openForListing()
        status = try mount.status()
        let text = try KernfsTree.destination(of: mount.rawValue, proc)
        prefix = text.last == slash ? text.dropLast() : text
        _ = try path(ofNode: status.inode)
        _ = try open([], pathOnly | O_DIRECTORY)
    }

    /// The path of a directory, relative to the root and without a slash in front; empty for the root.
    ///
    /// It may have been renamed or removed by the time it is used: who opens it asks for the number of what was opened.
    /// - Parameter id: its inode number.
    /// - Throws: ESTALE where there is none any more or it is not below the root, ENOTDIR where it is a file, ENAMETOOLONG where the path is longer than 4095
    ///   bytes.
    package func path(ofNode id: UInt64) throws(Errno) -> [UInt8] {
        let opened = clinux_open_kernfs_directory(mount.rawValue, id)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        let node = OwnedFileDescriptor(adopting: opened)
        let text = try KernfsTree.destination(of: node.rawValue, proc)
        withExtendedLifetime(node) {}
        guard text.starts(with: prefix) else { throw .staleNFSFileHandle }
        var path = text[prefix.count...]
        guard path.isEmpty || path.first == slash else { throw .staleNFSFileHandle }
        path = path.drop { $0 == slash }
        // The text of a removed directory has this end, and so may a name. One that lies beside the mount's root has a path from another root.
        guard path.suffix(deleted.count).elementsEqual(deleted) || status.inode != 1 else { return Array(path) }
        guard let found = try? open(Array(path), pathOnly | O_DIRECTORY).status(), found.inode == id else { throw .staleNFSFileHandle }
        return Array(path)
    }

    /// openat2(2) of what lies at a path below the root, on this mount, with no symbolic link on the way; close-on-exec. An empty path is the root.
    package func open(_ path: [UInt8], _ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        try mount.openBeneath(path, flags)
    }

    private static func destination(of descriptor: CInt, _ proc: Directory) throws(Errno) -> [UInt8] {
        try proc.bytesOfLink("self/fd/\(descriptor)")
    }
}

private let slash = UInt8(ascii: "/")
private let deleted = Array(" (deleted)".utf8)
