internal import Glibc
package import SystemPackage

/// A file that is replaced in one step, rename(2): a reader sees all of the old content or all of the new.
package enum ReplacedFile {
    /// Writes a new file beside the old one and puts it in its place. It is not synced: after a crash of the machine the file may be old or empty.
    /// - Parameters:
    ///   - path: where a symbolic link is, the link is replaced.
    ///   - model: whose permissions and owner the new file gets; `nil`: mode 0644, and this process's user.
    package static func write(_ bytes: [UInt8], to path: String, like model: FileStatus? = nil) throws(Errno) {
        try replace(path, with: bytes, like: model, isSynced: false)
    }

    /// The same for a file that is somebody's configuration: it keeps permissions and owner, a symbolic link is followed, and after a crash of the
    /// machine it is the old or the new.
    /// - Throws: ENOENT for a symbolic link that leads nowhere, too: what it is for is not known.
    package static func edit(_ path: String, _ bytes: [UInt8]) throws(Errno) {
        let resolved = RealPath.of(path)
        var target: CChar = 0
        if resolved == nil, readlink(path, &target, 1) >= 0 { throw .noSuchFileOrDirectory }
        let file = resolved ?? path
        let model: FileStatus?
        do throws(Errno) {
            model = try FileStatus(following: file)
        } catch .noSuchFileOrDirectory {
            model = nil
        }
        try replace(file, with: bytes, like: model, isSynced: true)
    }

    private static func replace(_ path: String, with bytes: [UInt8], like model: FileStatus?, isSynced: Bool) throws(Errno) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        // Hidden, and with another ending than what node_exporter looks for. Not the pid: in a container it is the same each time, and one that was killed
        // in the middle would be in the way of all that follow.
        let temporary = "\(folder).\(path.dropFirst(folder.count)).\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, model == nil ? 0o644 : 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let file = OwnedFileDescriptor(adopting: descriptor)
        do throws(Errno) {
            try write(bytes, to: file)
            if let model {
                // The mode last: a change of the owner takes set-user-ID bits away.
                try check(fchown(file.rawValue, model.owner, model.group))
                try check(fchmod(file.rawValue, model.mode & 0o7777))
            }
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
