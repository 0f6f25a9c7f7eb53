internal import Glibc
package import SystemPackage

/// A file with an exclusive POSIX record lock (fcntl(2), F_SETLK), which the kernel gives back when the process ends.
package struct LockedFile: ~Copyable {
    private let path: String
    private let descriptor: OwnedFileDescriptor

    /// Opens or makes the file, mode 0644, locks it without waiting, and makes `content` the whole of it.
    /// - Parameter whenOpened: called before a file that was opened is locked, for tests.
    /// - Throws: EAGAIN or EACCES where another process has the lock; then the file is left as it was. A regular file that cannot be written
    ///   is removed, so that no empty one stays.
    package init(path: String, content: String, whenOpened: () -> Void = {}) throws(Errno) {
        let opened = try LockedFile.locked(path, whenOpened)
        do throws(Errno) {
            try LockedFile.write(content, to: opened)
        } catch {
            if (try? opened.status().isRegularFile) == true { Glibc.unlink(path) }
            throw error
        }
        descriptor = opened
        self.path = path
    }

    /// Goes on with a file that this process had locked before it executed another program.
    package init(path: String, locked descriptor: CInt) throws(Errno) {
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw Errno(rawValue: errno) }
        self.descriptor = OwnedFileDescriptor(adopting: descriptor)
        self.path = path
    }

    /// The descriptor that holds the lock; it stays this value's to close.
    package var rawDescriptor: CInt { descriptor.rawValue }

    /// The file that the path leads to: who had the lock may have removed the one that was opened, and ended, before it was locked.
    private static func locked(_ path: String, _ whenOpened: () -> Void) throws(Errno) -> OwnedFileDescriptor {
        var tries = 0
        while true {
            let opened = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
            guard opened >= 0 else { throw Errno(rawValue: errno) }
            let descriptor = OwnedFileDescriptor(adopting: opened)
            whenOpened()
            var lock = flock()
            lock.l_type = Int16(F_WRLCK)
            lock.l_whence = Int16(SEEK_SET)
            guard fcntl(opened, F_SETLK, &lock) == 0 else { throw Errno(rawValue: errno) }
            tries += 1
            // No more often where a file system gives the same file another number each time.
            if tries == 100 { return descriptor }
            if let there = try? FileStatus(following: path), try descriptor.status().isSameFile(as: there) { return descriptor }
        }
    }

    private static func write(_ content: String, to file: borrowing OwnedFileDescriptor) throws(Errno) {
        var content = content
        guard ftruncate(file.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
        let written = content.withUTF8 { pwrite(file.rawValue, $0.baseAddress, $0.count, 0) }
        guard written == content.utf8.count else { throw written < 0 ? Errno(rawValue: errno) : .noSpace }
    }

    /// Removes the file while the lock is still held. One that somebody has put in its place stays.
    package consuming func unlink() {
        guard let there = try? FileStatus(following: path), let own = try? descriptor.status(), there.isSameFile(as: own) else { return }
        Glibc.unlink(path)
    }
}
