internal import CFuse3
internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// The requests that change something: they come to the part of the file system that can be changed, or are answered EROFS.
///
/// One that comes again after its worker has died, and had been decided before, is answered as it was, and not done again.
extension Dispatch {
    static func addChanges(to operations: inout fuse_lowlevel_ops) {
        operations.write = { Dispatch.write($0, $1, $2, $3, $4, $5) }
        operations.setattr = { Dispatch.setAttributes($0, $1, $2, $3, $4) }
        operations.mkdir = { Dispatch.makeDirectory($0, $1, $2, $3) }
        operations.rmdir = { Dispatch.removeDirectory($0, $1, $2) }
        operations.rename = { Dispatch.rename($0, $1, $2, $3, $4, $5) }
    }

    private static func write(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ bytes: UnsafePointer<CChar>?, _ size: Int, _ offset: off_t,
        _ file: UnsafeMutablePointer<fuse_file_info>?
    ) {
        guard let request, let bytes, let file else { return }
        let pending = PendingRequest(changing: request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        let context = SessionContext.of(request)
        guard let part = context.fileSystem.writable(at: node) else { return pending.fail(.readOnlyFileSystem) }
        // From the page cache: nobody knows who wrote it. Does not arrive, because no page of ours can be written to.
        guard file.pointee.writepage == 0, context.holds(bytes, size) else { return pending.fail(.invalidArgument) }
        switch pending.record?.outcome {
        case .failed(let error): return pending.fail(error)
        case .done(let count): return WriteReply(request: pending, size: size).succeed(count)
        case nil: break
        }
        let question = WriteRequest(
            node: node, handle: FileHandle(rawValue: file.pointee.fh), offset: UInt64(clamping: offset),
            bytes: Array(UnsafeRawBufferPointer(start: bytes, count: size)))
        part.write(question, caller: Caller(request), reply: WriteReply(request: pending, size: size))
    }

    private static func setAttributes(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ attributes: UnsafeMutablePointer<stat>?, _ which: CInt,
        _ file: UnsafeMutablePointer<fuse_file_info>?
    ) {
        guard let request, let attributes else { return }
        let pending = PendingRequest(changing: request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        guard let part = SessionContext.of(request).fileSystem.writable(at: node) else { return pending.fail(.readOnlyFileSystem) }
        let handle = file.map { FileHandle(rawValue: $0.pointee.fh) }
        switch pending.record?.outcome {
        case .failed(let error): pending.fail(error)
        case .done: part.attributes(of: node, handle: handle, caller: Caller(request), reply: AttributesReply(request: pending))
        case nil:
            part.setAttributes(
                of: node, to: AttributeChanges(attributes.pointee, which), handle: handle, caller: Caller(request),
                reply: AttributesReply(request: pending))
        }
    }

    private static func makeDirectory(_ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t) {
        guard let request, let name else { return }
        let pending = PendingRequest(changing: request)
        guard let directory = NodeID(parent) else { return pending.fail(.staleNFSFileHandle) }
        guard let part = SessionContext.of(request).fileSystem.writable(at: directory) else { return pending.fail(.readOnlyFileSystem) }
        let record = pending.record
        switch record?.outcome {
        case .failed(let error): pending.fail(error)
        case .done: part.lookUp(name: FileName(name), in: directory, caller: Caller(request), reply: EntryReply(request: pending))
        case nil:
            part.makeDirectory(
                FileName(name), in: directory, mode: UInt32(mode) & 0o7777, note: RequestNote(record), caller: Caller(request),
                reply: EntryReply(request: pending))
        }
    }

    private static func removeDirectory(_ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
        guard let request, let name else { return }
        let pending = PendingRequest(changing: request)
        guard let directory = NodeID(parent) else { return pending.fail(.staleNFSFileHandle) }
        guard let part = SessionContext.of(request).fileSystem.writable(at: directory) else { return pending.fail(.readOnlyFileSystem) }
        let record = pending.record
        switch record?.outcome {
        case .failed(let error): pending.fail(error)
        case .done: pending.succeed()
        case nil:
            part.removeDirectory(
                FileName(name), in: directory, note: RequestNote(record), caller: Caller(request), reply: StatusReply(request: pending))
        }
    }

    private static func rename(
        _ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ newParent: fuse_ino_t,
        _ newName: UnsafePointer<CChar>?, _ flags: UInt32
    ) {
        guard let request, let name, let newName else { return }
        let pending = PendingRequest(changing: request)
        guard let directory = NodeID(parent), let newDirectory = NodeID(newParent) else { return pending.fail(.staleNFSFileHandle) }
        let fileSystem = SessionContext.of(request).fileSystem
        // Not EXDEV, upon which mv(1) would begin to copy.
        guard let part = fileSystem.writable(at: directory), fileSystem.writable(at: newDirectory) != nil else {
            return pending.fail(.readOnlyFileSystem)
        }
        let record = pending.record
        switch record?.outcome {
        case .failed(let error): pending.fail(error)
        case .done: pending.succeed()
        case nil:
            let change = NameChange(
                name: FileName(name), directory: directory, newName: FileName(newName), newDirectory: newDirectory, flags: flags)
            part.rename(change, note: RequestNote(record), caller: Caller(request), reply: StatusReply(request: pending))
        }
    }
}

extension RequestNote {
    /// That of a request; nobody keeps it where the request lies in no slot.
    fileprivate init(_ record: ChangeRecord?) {
        self = record?.note ?? RequestNote(SharedRegion?.none)
    }
}

extension SessionContext {
    /// Whether so many bytes from an address on lie in the receive buffer of the thread's request. libfuse believes what `fuse_write_in` says.
    fileprivate func holds(_ bytes: UnsafePointer<CChar>, _ size: Int) -> Bool {
        guard let buffer = slots[Int(clinux_current_slot())]?.buffer.bytes, let start = buffer.baseAddress else { return false }
        let place = UnsafeRawPointer(bytes) - UnsafeRawPointer(start)
        return place >= 0 && size >= 0 && place <= buffer.count && size <= buffer.count - place
    }
}

extension AttributeChanges {
    /// What is set of `attributes`, by the bits of libfuse's FUSE_SET_ATTR.
    fileprivate init(_ attributes: stat, _ which: CInt) {
        self.init()
        if which & FUSE_SET_ATTR_MODE != 0 { mode = UInt32(attributes.st_mode) & 0o7777 }
        if which & FUSE_SET_ATTR_UID != 0 { owner = attributes.st_uid }
        if which & FUSE_SET_ATTR_GID != 0 { group = attributes.st_gid }
        if which & FUSE_SET_ATTR_SIZE != 0 { size = UInt64(clamping: attributes.st_size) }
        if which & FUSE_SET_ATTR_ATIME != 0 { accessTime = NewTime(attributes.st_atim, isNow: which & FUSE_SET_ATTR_ATIME_NOW != 0) }
        if which & FUSE_SET_ATTR_MTIME != 0 { modificationTime = NewTime(attributes.st_mtim, isNow: which & FUSE_SET_ATTR_MTIME_NOW != 0) }
    }
}

extension NewTime {
    fileprivate init(_ time: timespec, isNow: Bool) {
        self = isNow ? .now : .time(FileTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec))
    }
}
