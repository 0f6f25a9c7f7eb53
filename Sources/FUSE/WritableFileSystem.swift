package import LinuxSystem

/// A part of a file system that can be changed.
///
/// A server may die when it has carried a request out and not answered it: then the request comes again, to its successor. Those that do not give the same
/// result twice have a note, in which they leave what they found before. What was decided before the server died does not come again: FUSE answers it, and asks
/// for the attributes that the answer holds by `attributes` and `lookUp`.
package protocol WritableFileSystem: FileSystem {
    /// WRITE to a file that is open.
    func write(_ request: WriteRequest, caller: Caller, reply: consuming WriteReply)

    /// SETATTR: chmod(2), chown(2), utimensat(2), truncate(2). The answer holds the attributes as they are then.
    func setAttributes(of node: NodeID, to changes: AttributeChanges, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply)

    /// MKDIR. `mode` is what is left of the permission bits behind the caller's umask.
    func makeDirectory(
        _ name: FileName, in directory: NodeID, mode: UInt32, note: RequestNote, caller: Caller, reply: consuming EntryReply)

    /// RMDIR.
    func removeDirectory(_ name: FileName, in directory: NodeID, note: RequestNote, caller: Caller, reply: consuming StatusReply)

    /// RENAME. Both directories are in parts that can be changed; the old one is in this.
    func rename(_ change: NameChange, note: RequestNote, caller: Caller, reply: consuming StatusReply)
}

/// One WRITE.
package struct WriteRequest: Sendable, Equatable {
    package var node: NodeID
    package var handle: FileHandle
    /// Where in the file, in bytes.
    package var offset: UInt64
    package var bytes: [UInt8]

    package init(node: NodeID, handle: FileHandle, offset: UInt64, bytes: [UInt8]) {
        self.node = node
        self.handle = handle
        self.offset = offset
        self.bytes = bytes
    }
}

/// What SETATTR changes; `nil` for what stays.
package struct AttributeChanges: Sendable, Equatable {
    /// The permission bits.
    package var mode: UInt32?
    package var owner: UInt32?
    package var group: UInt32?
    /// The length in bytes.
    package var size: UInt64?
    package var accessTime: NewTime?
    package var modificationTime: NewTime?

    package init() {}
}

/// One RENAME.
package struct NameChange: Sendable, Equatable {
    package var name: FileName
    package var directory: NodeID
    package var newName: FileName
    package var newDirectory: NodeID
    /// Those of renameat2(2).
    package var flags: UInt32

    package init(name: FileName, directory: NodeID, newName: FileName, newDirectory: NodeID, flags: UInt32) {
        self.name = name
        self.directory = directory
        self.newName = newName
        self.newDirectory = newDirectory
        self.flags = flags
    }
}

/// A number that a request leaves for its own replay, in the memory of its slot. 0 where nothing was left.
package struct RequestNote: Sendable {
    private let region: SharedRegion?

    /// - Parameter region: eight bytes; `nil` for a note that nobody keeps.
    package init(_ region: SharedRegion?) {
        self.region = region
    }

    package var value: UInt64 {
        get { region?.load64(at: 0) ?? 0 }
        nonmutating set { region?.store64(newValue, at: 0) }
    }
}
