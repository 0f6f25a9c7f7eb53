internal import Glibc

/// A file system: what is asked of it, one method per question.
///
/// Called by several threads at once. Each question comes with a reply that must be given before the method returns; one that is dropped answers EIO.
/// What would change something arrives only where `writable(at:)` says so: see `RefusalPolicy`.
package protocol FileSystem: Sendable {
    /// The part of the file system that holds the node, where that part can be changed; `nil` where every change is to be answered EROFS.
    func writable(at node: NodeID) -> (any WritableFileSystem)?

    /// LOOKUP: a name in a directory.
    func lookUp(name: FileName, in directory: NodeID, caller: Caller, reply: consuming EntryReply)

    /// GETATTR: stat(2) by path, or fstat(2) with the handle of the open file.
    func attributes(of node: NodeID, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply)

    /// OPEN of a file, for writing only in a part that can be changed. The kernel has checked no permission.
    func open(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply)

    /// READ of an open file. No bytes are its end.
    func read(_ request: ReadRequest, caller: Caller, reply: consuming DataReply)

    /// RELEASE: the last descriptor of an open file is gone, or an `OpenReply` did not reach its caller.
    func release(_ node: NodeID, handle: FileHandle)

    /// OPENDIR.
    func openDirectory(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply)

    /// READDIR: the entries after `offset`, which is 0 or a `nextOffset` given before. None is the end.
    func readDirectory(_ node: NodeID, handle: FileHandle, offset: UInt64, caller: Caller, reply: consuming DirectoryReply)

    /// RELEASEDIR.
    func releaseDirectory(_ node: NodeID, handle: FileHandle)

    /// ACCESS: access(2) and chdir(2); `mask` is empty where only existence is asked for.
    func access(_ node: NodeID, mask: AccessMask, caller: Caller, reply: consuming StatusReply)
}

/// One READ.
package struct ReadRequest: Sendable, Equatable {
    /// The kernel's number of this request, never given twice on a connection. A request whose server died before it answered comes again with the same number.
    package var id: UInt64
    package var node: NodeID
    package var handle: FileHandle
    /// Where in the file, in bytes.
    package var offset: UInt64
    /// The most bytes that the reader takes.
    package var size: Int
    /// Whether the bytes go into the page cache, which all callers share (sendfile(2), splice(2), mmap(2)), instead of to this caller alone.
    package var isFromPageCache: Bool

    package init(id: UInt64, node: NodeID, handle: FileHandle, offset: UInt64, size: Int, isFromPageCache: Bool) {
        self.id = id
        self.node = node
        self.handle = handle
        self.offset = offset
        self.size = size
        self.isFromPageCache = isFromPageCache
    }
}

extension FileSystem {
    package func writable(at node: NodeID) -> (any WritableFileSystem)? { nil }
}

/// The flags of open(2).
package struct OpenFlags: RawRepresentable, Sendable, Equatable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// O_WRONLY, O_RDWR or O_TRUNC: the open, or what follows it, would change the file.
    package var isForWriting: Bool {
        rawValue & O_ACCMODE != O_RDONLY || rawValue & O_TRUNC != 0
    }
}

/// The mask of access(2).
package struct AccessMask: OptionSet, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// R_OK.
    package static let read = AccessMask(rawValue: 4)
    /// W_OK.
    package static let write = AccessMask(rawValue: 2)
    /// X_OK.
    package static let execute = AccessMask(rawValue: 1)
}
