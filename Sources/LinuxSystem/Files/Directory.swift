internal import CLinux
internal import Glibc
package import ProcText
package import SystemPackage

/// An open directory: the anchor from which files are opened by relative paths, so that nothing mounted over a path later changes what is read.
package final class Directory: Sendable {
    private let descriptor: OwnedFileDescriptor

    /// Takes over a descriptor of a directory, O_PATH or not.
    package init(adopting descriptor: consuming OwnedFileDescriptor) {
        self.descriptor = descriptor
    }

    /// Opens a directory by its path.
    package convenience init(path: String) throws(Errno) {
        self.init(adopting: try OwnedFileDescriptor.open(path, pathOnly | O_DIRECTORY))
    }

    /// A detached copy of the mount at `path`, without anything that is mounted over its files (open_tree(2), Linux 5.2);
    /// where the kernel or the privileges do not allow that, the directory as it is.
    package convenience init(pristineMountAt path: String) throws(Errno) {
        let tree = clinux_open_tree_clone(path)
        if tree >= 0 {
            self.init(adopting: OwnedFileDescriptor(adopting: tree))
        } else {
            try self.init(path: path)
        }
    }

    /// Makes a directory, and those above it that are missing, mode 0755. One that is there stays as it is.
    package static func make(_ path: String) throws(Errno) {
        guard mkdir(path, 0o755) != 0 else { return }
        let error = Errno(rawValue: errno)
        if error == .fileExists { return }
        guard error == .noSuchFileOrDirectory, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw error }
        try make(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    /// Opens a directory below this one. An empty path is the directory itself.
    package func directory(_ path: String) throws(Errno) -> Directory {
        Directory(
            adopting: try OwnedFileDescriptor.openat(descriptor.rawValue, path.isEmpty ? "." : path, pathOnly | O_DIRECTORY))
    }

    /// The same for a path that need not be UTF-8.
    package func directory(_ path: [UInt8]) throws(Errno) -> Directory {
        let opened = Directory.withCString(path) { openat(descriptor.rawValue, $0, pathOnly | O_DIRECTORY | O_CLOEXEC) }
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        return Directory(adopting: OwnedFileDescriptor(adopting: opened))
    }

    /// Opens a file below this directory for reading.
    package func open(_ path: String) throws(Errno) -> OwnedFileDescriptor {
        try OwnedFileDescriptor.openat(descriptor.rawValue, path, O_RDONLY)
    }

    /// Reads a whole file below this directory.
    /// - Parameter isSingleRecord: whether the kernel prints it in one piece; see `OwnedFileDescriptor.readAll`.
    package func read(_ path: String, into text: inout InputText, isSingleRecord: Bool = false) throws(Errno) {
        try open(path).readAll(into: &text, isSingleRecord: isSingleRecord)
    }

    /// fstatat(2), symbolic links followed. An empty path is the directory itself.
    package func status(_ path: String) throws(Errno) -> FileStatus {
        var result = stat()
        // An implicit conversion of the String would copy it to the heap.
        let failed = (path.isEmpty ? "." : path).withCString { fstatat(descriptor.rawValue, $0, &result, 0) }
        guard failed == 0 else { throw Errno(rawValue: errno) }
        return FileStatus(result)
    }

    /// The same for a path that need not be UTF-8.
    package func status(_ path: [UInt8]) throws(Errno) -> FileStatus {
        var result = stat()
        guard Directory.withCString(path, { fstatat(descriptor.rawValue, $0, &result, 0) }) == 0 else { throw Errno(rawValue: errno) }
        return FileStatus(result)
    }

    /// Lends the descriptor's number, which stays this object's to close.
    func withDescriptor(_ body: (CInt) -> Void) {
        body(descriptor.rawValue)
    }

    private static func withCString(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt) -> CInt {
        let text = (path.isEmpty ? [UInt8(ascii: ".")] : path).map { CChar(bitPattern: $0) } + [0]
        return text.withUnsafeBufferPointer { $0.baseAddress.map(body) ?? -1 }
    }

    /// readlinkat(2); at most 4095 bytes.
    package func destinationOfLink(_ path: String) throws(Errno) -> String {
        String(decoding: try bytesOfLink(path), as: UTF8.self)
    }

    /// The same for a destination that need not be UTF-8.
    package func bytesOfLink(_ path: String) throws(Errno) -> [UInt8] {
        var error = Errno(rawValue: 0)
        let bytes = [UInt8](unsafeUninitializedCapacity: 4095) { buffer, initialized in
            let count = buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlinkat(descriptor.rawValue, path, $0, text.count) } ?? 0
            }
            if count < 0 { error = Errno(rawValue: errno) }
            initialized = max(0, count)
        }
        guard error.rawValue == 0 else { throw error }
        return bytes
    }

    /// In a procfs: calls with the path of one of this process's descriptors, whose end is followed to the file itself.
    func withDescriptorPath(_ number: CInt, _ body: (CInt, UnsafePointer<CChar>) -> CInt) throws(Errno) {
        guard "self/fd/\(number)".withCString({ body(descriptor.rawValue, $0) }) == 0 else { throw Errno(rawValue: errno) }
    }

    /// The names in a directory below this one, without `.` and `..`, in the kernel's order.
    package func names(in path: String = "") throws(Errno) -> [String] {
        try names(in: path) { _ in true }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names of the directories in this one, which need not be UTF-8, without `.` and `..`, in the kernel's order.
    package func subdirectories() throws(Errno) -> [[UInt8]] {
        try names(in: "") { $0 == Int32(DT_DIR) }
    }

    /// The names of what is in this one and is no directory, which need not be UTF-8, in the kernel's order.
    package func files() throws(Errno) -> [[UInt8]] {
        try names(in: "") { $0 != Int32(DT_DIR) }
    }

    /// The directory as a descriptor that is not O_PATH.
    package func openForListing() throws(Errno) -> OwnedFileDescriptor {
        try OwnedFileDescriptor.openat(descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY)
    }

    /// A cgroup's directory holds dozens of files and few directories: the type is looked at before the name is copied.
    private func names(in path: String, whoseType isWanted: (Int32) -> Bool) throws(Errno) -> [[UInt8]] {
        let listing = try OwnedFileDescriptor.openat(descriptor.rawValue, path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY)
        guard let stream = fdopendir(listing.release()) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            if !isWanted(Int32(entry.pointee.d_type)) { continue }
            withUnsafeBytes(of: &entry.pointee.d_name) { buffer in
                let name = buffer.prefix { $0 != 0 }
                let isSelfOrParent = name.allSatisfy { $0 == UInt8(ascii: ".") } && name.count <= 2
                if !isSelfOrParent { names.append([UInt8](name)) }
            }
        }
        return names
    }
}

/// O_PATH as the type that open(2) takes.
let pathOnly = CInt(CLINUX_O_PATH)
