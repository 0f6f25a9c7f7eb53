internal import CLinux
internal import Glibc
package import SystemPackage

/// What can be done with an open file, or with a name in an open directory; O_PATH suffices where nothing else is said. A name is one component: EINVAL for
/// what is empty, `.`, `..`, or has a slash or a NUL in it.
extension OwnedFileDescriptor {
    /// O_PATH, open(2), for those who do not import CLinux.
    package static let pathOnlyFlag = pathOnly

    /// openat2(2) of what lies at a path below this directory, on the same mount, with no symbolic link on the way; close-on-exec. An empty path is the
    /// directory itself. Linux 5.6.
    package func openBeneath(_ path: [UInt8], _ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        guard !path.contains(0) else { throw .invalidArgument }
        // EAGAIN: something was renamed or mounted somewhere while `..` was looked up.
        for _ in 0..<1000 {
            let opened = withCString(path.isEmpty ? [UInt8(ascii: ".")] : path) { clinux_open_beneath(rawValue, $0, flags) }
            if opened >= 0 { return OwnedFileDescriptor(adopting: opened) }
            let error = Errno(rawValue: errno)
            if error != .interrupted, error != .resourceTemporarilyUnavailable { throw error }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// mkdirat(2). `mode` goes through the calling thread's umask.
    package func makeDirectory(_ name: [UInt8], mode: UInt32) throws(Errno) {
        try change(name) { mkdirat(rawValue, $0, mode) }
    }

    /// unlinkat(2), AT_REMOVEDIR.
    package func removeDirectory(_ name: [UInt8]) throws(Errno) {
        try change(name) { unlinkat(rawValue, $0, AT_REMOVEDIR) }
    }

    /// renameat2(2).
    /// - Parameter flags: RENAME_NOREPLACE (1), RENAME_EXCHANGE (2), RENAME_WHITEOUT (4).
    package func rename(
        _ name: [UInt8], to newName: [UInt8], in newDirectory: borrowing OwnedFileDescriptor, flags: UInt32 = 0
    ) throws(Errno) {
        guard isComponent(newName) else { throw .invalidArgument }
        let target = newDirectory.rawValue
        try change(name) { old in withCString(newName) { clinux_rename(rawValue, old, target, $0, flags) } }
    }

    /// chmod(2) of the file itself, which fchmod(2) does not do for O_PATH and fchmodat2(2) only since Linux 6.6.
    /// - Parameter proc: the procfs of this process's pid namespace.
    package func changeMode(_ mode: UInt32, proc: Directory) throws(Errno) {
        try proc.withDescriptorPath(rawValue) { fchmodat($0, $1, mode, 0) }
    }

    /// fchownat(2) of the file itself. `nil` stays.
    package func changeOwner(user: UInt32?, group: UInt32?) throws(Errno) {
        guard fchownat(rawValue, "", user ?? .max, group ?? .max, CInt(CLINUX_AT_EMPTY_PATH)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// utimensat(2) of the file itself. `nil` stays.
    /// - Parameter proc: the procfs of this process's pid namespace.
    package func changeTimes(access: NewTime?, modification: NewTime?, proc: Directory) throws(Errno) {
        let times = [timeSpecification(access), timeSpecification(modification)]
        try proc.withDescriptorPath(rawValue) { utimensat($0, $1, times, 0) }
    }

    /// faccessat2(2) of the file itself, by the calling thread's effective ids and capabilities. Linux 5.8.
    /// - Parameter mask: R_OK (4), W_OK (2), X_OK (1), or F_OK (0).
    package func checkAccess(_ mask: CInt) throws(Errno) {
        guard clinux_access(rawValue, mask) == 0 else { throw Errno(rawValue: errno) }
    }

    private func change(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt) throws(Errno) {
        guard isComponent(name) else { throw .invalidArgument }
        guard withCString(name, body) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// Reading and writing, which takes a descriptor that is not O_PATH.
extension OwnedFileDescriptor {
    /// pread(2): at most `count` bytes from `offset` on, one system call; fewer where the kernel gives fewer, none at the end.
    package func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
        while true {
            var error = Errno(rawValue: 0)
            let bytes = [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, initialized in
                let got = pread(rawValue, buffer.baseAddress, buffer.count, off_t(offset))
                if got < 0 { error = Errno(rawValue: errno) }
                initialized = max(0, got)
            }
            if error.rawValue == 0 { return bytes }
            if error != .interrupted { throw error }
        }
    }

    /// write(2), one system call.
    /// - Returns: how many bytes were taken.
    package func write(_ bytes: [UInt8]) throws(Errno) -> Int {
        let written = Glibc.write(rawValue, bytes, bytes.count)
        guard written >= 0 else { throw Errno(rawValue: errno) }
        return written
    }

    /// ftruncate(2).
    package func truncate(to size: UInt64) throws(Errno) {
        guard ftruncate(rawValue, off_t(clamping: size)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// One getdents64(2) of a directory, `.` and `..` among them; none at the end.
    /// - Parameters:
    ///   - offset: 0, or `nextOffset` of the entry to go on behind.
    ///   - size: how many bytes of the kernel's own form at most; EINVAL where the next entry does not fit.
    package func entries(from offset: Int64, size: Int = 8192) throws(Errno) -> [DirectoryEntry] {
        guard lseek(rawValue, off_t(offset), SEEK_SET) >= 0 else { throw Errno(rawValue: errno) }
        var error = Errno(rawValue: 0)
        let bytes = [UInt8](unsafeUninitializedCapacity: max(0, size)) { buffer, initialized in
            let got = clinux_directory_entries(rawValue, buffer.baseAddress, buffer.count)
            if got < 0 { error = Errno(rawValue: errno) }
            initialized = max(0, got)
        }
        guard error.rawValue == 0 else { throw error }
        return DirectoryEntry.parse(bytes)
    }
}

/// A name in a directory, as getdents64(2) tells it.
package struct DirectoryEntry: Sendable, Equatable {
    package let name: [UInt8]
    package let inode: UInt64
    /// DT_DIR (4), DT_REG (8) and so on, readdir(3).
    package let type: UInt8
    /// Where the entry behind this one is found.
    package let nextOffset: Int64

    package var isDirectory: Bool { type == 4 }

    /// struct linux_dirent64: d_ino, d_off (8 bytes each), d_reclen (2), d_type (1), d_name with a NUL.
    static func parse(_ bytes: [UInt8]) -> [DirectoryEntry] {
        bytes.withUnsafeBytes { buffer in
            var entries: [DirectoryEntry] = []
            var start = 0
            while start + 19 <= buffer.count {
                let length = Int(buffer.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self))
                guard length > 19, length <= buffer.count - start else { break }
                let entry = DirectoryEntry(
                    name: Array(buffer[(start + 19)..<(start + length)].prefix { $0 != 0 }),
                    inode: buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self), type: buffer[start + 18],
                    nextOffset: buffer.loadUnaligned(fromByteOffset: start + 8, as: Int64.self))
                entries.append(entry)
                start += length
            }
            return entries
        }
    }
}

/// For utimensat(2).
private func timeSpecification(_ time: NewTime?) -> timespec {
    switch time {
    case nil: timespec(tv_sec: 0, tv_nsec: 0x3fff_fffe)  // UTIME_OMIT
    case .now: timespec(tv_sec: 0, tv_nsec: 0x3fff_ffff)  // UTIME_NOW
    case .time(let time): timespec(tv_sec: time.seconds, tv_nsec: time.nanoseconds)
    }
}

private func isComponent(_ name: [UInt8]) -> Bool {
    let isSelfOrParent = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
    return !isSelfOrParent && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
}

private func withCString(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt) -> CInt {
    (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { $0.baseAddress.map(body) ?? -1 }
}
