internal import Glibc
package import SystemPackage

/// A file that is replaced in one step, rename(2): a reader sees all of the old content or all of the new.
package enum ReplacedFile {
    /// Writes a new file beside the old one, mode 0644, and puts it in its place. It is not synced: after a crash of the machine the file may be old or empty.
    /// - Parameter path: where a symbolic link is, the link is replaced.
    package static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
        try replace(path, with: bytes, like: nil, isSynced: false)
    }

    /// The same for a file that is somebody's configuration: it keeps mode, owner and group, a symbolic link is followed, and a crash of the machine
    /// leaves the old content or the new.
    package static func edit(_ path: String, _ bytes: [UInt8]) throws(Errno) {
        let file = RealPath.of(path) ?? path
        let old: FileStatus?
        do throws(Errno) {
            old = try FileStatus(following: file)
        } catch .noSuchFileOrDirectory {
            old = nil
        }
        try replace(file, with: bytes, like: old, isSynced: true)
    }

    private static func replace(_ path: String, with bytes: [UInt8], like old: FileStatus?, isSynced: Bool) throws(Errno) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        // Hidden, and with another ending than what node_exporter looks for.
        let temporary = "\(folder).\(path.dropFirst(folder.count)).\(getpid())"
        // Readable for whoever may read the old one, and for nobody before it is his.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, old == nil ? 0o644 : 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let file = OwnedFileDescriptor(adopting: descriptor)
        do throws(Errno) {
            if let old {
                try check(fchown(file.rawValue, old.owner, old.group))
                try check(fchmod(file.rawValue, old.mode & 0o7777))
            }
            try write(bytes, to: file)
            if isSynced { try check(fsync(file.rawValue)) }
            try check(rename(temporary, path))
        } catch {
            unlink(temporary)
            throw error
        }
        guard isSynced else { return }
        let parent = try OwnedFileDescriptor.openForReading(folder.isEmpty ? "." : folder)
        try check(fsync(parent.rawValue))
    }

    private static func check(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    private static func write(_ bytes: [UInt8], to file: borrowing OwnedFileDescriptor) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress?.advanced(by: written), $0.count - written) }
            if count < 0, errno != EINTR { throw Errno(rawValue: errno) }
            written += max(count, 0)
        }
    }
}
