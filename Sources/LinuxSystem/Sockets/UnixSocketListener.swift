internal import CLinux
internal import Glibc
package import SystemPackage

/// A Unix stream socket, unix(7), that takes connections.
package final class UnixSocketListener: Sendable {
    /// The longest path: the kernel's `sun_path` has 108 bytes, the last of which is a NUL, and the name it is bound by first is longer.
    package static let longestPath = 96
    /// Who connects while nobody accepts waits in this queue; beyond it connect(2) waits.
    private static let queueLength: CInt = 128

    private let socket: OwnedFileDescriptor

    /// Makes a socket at a path, in the place of one that is there; there is no moment without one.
    /// - Parameters:
    ///   - mode: permission bits; whoever may write may connect.
    ///   - group: the group's id; the owner is this process's user.
    /// - Throws: ENAMETOOLONG; ENOENT where the folder is missing; EISDIR where the path is a folder's; EEXIST where it is a file's; EPERM where the group may not be given.
    package init(path: String, mode: UInt32, group: UInt32) throws(Errno) {
        guard path.utf8.count <= UnixSocketListener.longestPath else { throw .fileNameTooLong }
        // What lies there may be the text that somebody wrote, and this path a slip.
        if (try? FileStatus(following: path))?.isRegularFile == true { throw .fileExists }
        let opened = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        socket = OwnedFileDescriptor(adopting: opened)
        // Nobody can connect before listen(2), so nobody gets in by the mode that bind(2) gives.
        let temporary = "\(path).\(getpid())"
        Glibc.unlink(temporary)
        try UnixSocketListener.bind(opened, to: temporary)
        do throws(Errno) {
            // Whoever may write to the folder may have put a symbolic link there by now.
            guard fchmodat(AT_FDCWD, temporary, mode, AT_SYMLINK_NOFOLLOW) == 0 else { throw Errno(rawValue: errno) }
            // Not asked for where it is so already: a service may be without CAP_CHOWN.
            if try FileStatus(following: temporary).group != group,
                fchownat(AT_FDCWD, temporary, uid_t.max, group, AT_SYMLINK_NOFOLLOW) != 0
            {
                throw Errno(rawValue: errno)
            }
            guard listen(opened, UnixSocketListener.queueLength) == 0 else { throw Errno(rawValue: errno) }
            guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            Glibc.unlink(temporary)
            throw error
        }
    }

    /// Takes over a descriptor that was inherited; `nil`, and the descriptor is closed, where it is no Unix stream socket that listens.
    package init?(adopting descriptor: consuming OwnedFileDescriptor) {
        guard UnixSocketListener.isListener(descriptor.rawValue) else { return nil }
        _ = fcntl(descriptor.rawValue, F_SETFL, fcntl(descriptor.rawValue, F_GETFL) | O_NONBLOCK)
        descriptor.closeOnExec()
        socket = descriptor
    }

    /// Whether a descriptor's number is that of a Unix stream socket that listens.
    package static func isListener(_ descriptor: CInt) -> Bool { clinux_is_unix_listener(descriptor) != 0 }

    /// For poll(2), or to be inherited; it stays this object's to close.
    package var descriptor: CInt { socket.rawValue }

    /// Whether this socket is what lies at a path. Not so where that cannot be told.
    package func isBound(at path: String) -> Bool {
        let opened = clinux_bound_file(socket.rawValue)
        guard opened >= 0 else { return false }
        let file = OwnedFileDescriptor(adopting: opened)
        guard let own = try? file.status(), let there = try? FileStatus(following: path) else { return false }
        return own.isSameFile(as: there)
    }

    /// The next connection; `nil` where none waits. Never waits.
    /// - Throws: EMFILE, ENFILE, ENOBUFS and ENOMEM where there is no room for it; it waits on then.
    package func accept() throws(Errno) -> UnixSocketConnection? {
        while true {
            let accepted = clinux_accept(socket.rawValue)
            if accepted >= 0 { return UnixSocketConnection(adopting: OwnedFileDescriptor(adopting: accepted)) }
            let error = Errno(rawValue: errno)
            switch error {
            case .interrupted, .connectionAbort: continue
            case .resourceTemporarilyUnavailable: return nil
            default: throw error
            }
        }
    }

    private static func bind(_ socket: CInt, to path: String) throws(Errno) {
        let address = try UnixSocketAddress(path: path)
        guard address.withPointer({ Glibc.bind(socket, $0, $1) }) == 0 else { throw Errno(rawValue: errno) }
    }
}
