internal import CFuse3
internal import CLinux
internal import Glibc
package import SystemPackage

/// A request of the kernel that waits for its answer. It is answered once; dropped, it answers EIO, so that nobody ever hangs.
///
/// `@unchecked`: libfuse lets any one thread answer, and only one can, because there is only one copy.
struct PendingRequest: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer
    /// The slot of a request that changes something; nil for every other.
    private let slot: Int?

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        slot = nil
    }

    /// A request that changes something, on the thread that received it. What is answered is noted before: a successor does not do again what is done.
    init(changing pointer: OpaquePointer) {
        self.pointer = pointer
        slot = clinux_current_slot() < 0 ? nil : Int(clinux_current_slot())
    }

    deinit {
        note(.failed(.ioError))
        fuse_reply_err(pointer, EIO)
    }

    /// What is kept of a request that changes something, where it lies in a slot.
    var record: ChangeRecord? {
        guard let slot else { return nil }
        return SessionContext.of(pointer).slots[slot]?.change
    }

    private func note(_ outcome: RequestOutcome) {
        if slot != nil { record?.outcome = outcome }
    }

    /// Gives libfuse's request away to the one `fuse_reply_...` call that ends it.
    consuming func take(_ outcome: RequestOutcome = .done()) -> OpaquePointer {
        note(outcome)
        let pointer = pointer
        discard self
        return pointer
    }

    /// An error. The kernel takes numbers below 512; whoever asked would wait for ever for another.
    consuming func fail(_ error: Errno) {
        fuse_reply_err(take(.failed(error)), (1..<512).contains(error.rawValue) ? error.rawValue : EIO)
    }

    /// Success, and nothing to say.
    consuming func succeed() {
        fuse_reply_err(take(), 0)
    }
}

/// The answer to LOOKUP.
package struct EntryReply: ~Copyable, Sendable {
    let request: PendingRequest

    /// The name is there. The kernel will not ask for this name, for any caller, in `entryTimeout` seconds, nor for the attributes in `attributesTimeout`.
    package consuming func succeed(_ attributes: NodeAttributes, entryTimeout: Double, attributesTimeout: Double) {
        var entry = fuse_entry_param()
        entry.ino = attributes.node.rawValue
        entry.attr = attributes.status
        entry.entry_timeout = entryTimeout
        entry.attr_timeout = attributesTimeout
        fuse_reply_entry(request.take(), &entry)
    }

    /// The name is not there, for any caller, and the kernel will not ask again in `timeout` seconds.
    package consuming func absent(timeout: Double) {
        guard timeout > 0 else {
            request.fail(.noSuchFileOrDirectory)
            return
        }
        var entry = fuse_entry_param()
        entry.entry_timeout = timeout
        fuse_reply_entry(request.take(), &entry)
    }

    /// An error, ENOENT for a name that is not there.
    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}

/// The answer to GETATTR.
package struct AttributesReply: ~Copyable, Sendable {
    let request: PendingRequest

    /// The attributes. The kernel will not ask for them, for any caller, in `timeout` seconds.
    package consuming func succeed(_ attributes: NodeAttributes, timeout: Double) {
        var status = attributes.status
        fuse_reply_attr(request.take(), &status, timeout)
    }

    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}

/// The answer to OPEN and OPENDIR.
package struct OpenReply: ~Copyable, Sendable {
    let request: PendingRequest
    /// The kernel's number of this request. An OPEN whose server died before it answered comes again with the same number.
    package let id: UInt64
    let node: NodeID
    let kind: NodeAttributes.Kind

    /// It is open. A file is always read past the page cache (`direct_io`), or one container would be shown another's text.
    ///
    /// Where the caller is gone already, nobody will close what was opened: then this calls `release`.
    /// - Returns: whether the kernel took the answer.
    @discardableResult package consuming func succeed(_ handle: FileHandle) -> Bool {
        let kind = kind
        let node = node
        let pointer = request.take()
        let fileSystem = SessionContext.of(pointer).fileSystem
        var information = fuse_file_info()
        information.fh = handle.rawValue
        if kind == .file {
            information.direct_io = 1
            information.noflush = 1
        }
        guard fuse_reply_open(pointer, &information) != 0 else { return true }
        switch kind {
        case .file: fileSystem.release(node, handle: handle)
        case .directory: fileSystem.releaseDirectory(node, handle: handle)
        }
        return false
    }

    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}

/// The answer to READ.
package struct DataReply: ~Copyable, Sendable {
    let request: PendingRequest
    /// The most bytes that the reader takes.
    let size: Int

    /// A part of `bytes`, which is not copied on its way to the kernel. What the reader did not ask for, or is not there, is left out.
    package consuming func succeed(_ bytes: [UInt8], in range: Range<Int>) {
        let part = range.clamped(to: 0..<bytes.count)
        let count = min(part.count, size)
        let pointer = request.take()
        bytes.withUnsafeBytes { buffer in
            let content = UnsafeRawBufferPointer(rebasing: buffer[part.lowerBound..<(part.lowerBound + count)])
            fuse_reply_buf(pointer, content.baseAddress?.assumingMemoryBound(to: CChar.self), content.count)
        }
    }

    /// What `text`, the whole file, holds from `offset` on; nothing past its end.
    package consuming func succeed(_ text: [UInt8], from offset: UInt64) {
        let start = Int(clamping: offset)
        succeed(text, in: min(start, text.count)..<text.count)
    }

    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}

/// The answer to WRITE.
package struct WriteReply: ~Copyable, Sendable {
    let request: PendingRequest
    /// How many bytes there are.
    let size: Int

    /// So many bytes were taken.
    package consuming func succeed(_ count: Int) {
        let count = min(max(count, 0), size)
        fuse_reply_write(request.take(.done(count)), count)
    }

    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}

/// The answer to what is only granted or refused.
package struct StatusReply: ~Copyable, Sendable {
    let request: PendingRequest
    /// The answer to whoever would be granted it: for what nobody is, but those who may not even ask get another error.
    let refusal: Errno?

    init(request: consuming PendingRequest, refusal: Errno? = nil) {
        self.request = request
        self.refusal = refusal
    }

    package consuming func succeed() {
        if let refusal {
            request.fail(refusal)
        } else {
            request.succeed()
        }
    }

    package consuming func fail(_ error: Errno) {
        request.fail(error)
    }
}
