internal import CFuse3
internal import Glibc
package import SystemPackage

/// The answer to READDIR: entries are added until it is full, then it is sent.
///
/// `@unchecked`: whoever has the only copy of the request has the only pointer to its buffer.
package struct DirectoryReply: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    init(_ request: consuming PendingRequest, size: Int) {
        pointer = request.take()
        buffer = .allocate(byteCount: min(max(size, 0), DirectoryReply.mostBytes), alignment: 8)
    }

    deinit {
        buffer.deallocate()
        fuse_reply_err(pointer, EIO)
    }

    /// Adds an entry, `.` and `..` included if they shall be listed.
    ///
    /// - Parameters:
    ///   - inode: the number that stat(2) shows for it.
    ///   - nextOffset: where a later READDIR goes on behind this entry; not 0.
    /// - Returns: false when the entry does not fit: then it was not added, and `finish` is next.
    package mutating func add(name: FileName, inode: UInt64, kind: NodeAttributes.Kind, nextOffset: UInt64) -> Bool {
        var status = stat()
        status.st_ino = UInt(inode)
        status.st_mode = kind.typeBits
        let free = buffer.count - count
        let place = buffer.baseAddress?.advanced(by: count).assumingMemoryBound(to: CChar.self)
        let text = name.bytes.map { CChar(bitPattern: $0) } + [0]
        let needed = fuse_add_direntry(pointer, place, free, text, &status, off_t(clamping: nextOffset))
        guard needed <= free else { return false }
        count += needed
        return true
    }

    /// Sends what was added; nothing is the end of the directory.
    package consuming func finish() {
        fuse_reply_buf(pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), count)
        buffer.deallocate()
        discard self
    }

    package consuming func fail(_ error: Errno) {
        let pointer = pointer
        buffer.deallocate()
        discard self
        PendingRequest(pointer).fail(error)
    }

    /// The kernel asks for a few pages; more is not needed at once.
    private static let mostBytes = 65536
}
