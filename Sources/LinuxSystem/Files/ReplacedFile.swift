internal import Glibc
package import SystemPackage

/// A file that is replaced in one step, rename(2): a reader sees all of the old content or all of the new.
package enum ReplacedFile {
    /// Writes a new file beside the old one and puts it in its place. It is not synced: after a crash of the machine the file may be old or empty.
    /// - Parameters:
    ///   - path: where a symbolic link is, the link is replaced.
    ///   - model: whose permissions and owner the new file gets; `nil`: mode 0644, and this process's user.
    package static func write(_ bytes: [UInt8], to path: String, like model: FileStatus? = nil) throws(Errno) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        // Hidden, and with another ending than what node_exporter looks for.
        let temporary = "\(folder).\(path.dropFirst(folder.count)).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, model == nil ? 0o644 : 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let file = OwnedFileDescriptor(adopting: descriptor)
        do throws(Errno) {
            try write(bytes, to: file)
            if let model {
                // The mode last: a change of the owner takes set-user-ID bits away.
                guard fchown(file.rawValue, model.owner, model.group) == 0, fchmod(file.rawValue, model.mode & 0o7777) == 0 else {
                    throw Errno(rawValue: errno)
                }
            }
            guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary)
            throw error
        }
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
