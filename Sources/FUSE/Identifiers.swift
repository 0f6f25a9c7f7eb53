/// A file or directory of the file system, as FUSE numbers it; what stat(2) shows as its inode number may be another one. 0 is no node.
package struct NodeID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The directory that is mounted.
    package static let root = NodeID(rawValue: 1)
}

/// A name in a directory: any bytes but NUL and `/`, as many as the kernel takes.
package struct FileName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    /// The name for those who know only names in UTF-8: what is none is replaced.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { text }
}

/// What the file system chose to know an open file by. FUSE passes it as it is.
///
/// A handle that the file system does not know is no error: it was given by a predecessor, and what it stood for is made again.
package struct FileHandle: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// Who asks: the thread's ids in the initial user namespace of the mount.
package struct Caller: Sendable, Equatable {
    /// The thread's id in the pid namespace the file system was mounted in; 0 where it cannot be seen from there.
    package var pid: Int32
    /// The user id for file access, fsuid.
    package var uid: UInt32
    /// The group id for file access, fsgid.
    package var gid: UInt32

    package init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }
}
