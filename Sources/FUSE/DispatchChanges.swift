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
        guard let request, let bytes, let file, let change = PendingChange(request, at: node) else { return }
        // From the page cache: nobody knows who wrote it. Does not arrive, because no page of ours can be written to.
        guard file.pointee.writepage == 0, SessionContext.of(request).holds(bytes, size) else {
            return change.request.fail(.invalidArgument)
        }
        if let count = change.countDone { return WriteReply(request: change.request, size: size).succeed(count) }
        let question = WriteRequest(
            node: change.node, handle: FileHandle(rawValue: file.pointee.fh), offset: UInt64(clamping: offset),
            bytes: Array(UnsafeRawBufferPointer(start: bytes, count: size)))
        change.part.write(question, caller: Caller(request), reply: WriteReply(request: change.request, size: size))
    }

    private static func setAttributes(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ attributes: UnsafeMutablePointer<stat>?, _ which: CInt,
        _ file: UnsafeMutablePointer<fuse_file_info>?
    ) {
        guard let request, let attributes, let change = PendingChange(request, at: node) else { return }
        let handle = file.map { FileHandle(rawValue: $0.pointee.fh) }
        guard change.countDone == nil else {
            return change.part.attributes(
                of: change.node, handle: handle, caller: Caller(request), reply: AttributesReply(request: change.request))
        }
        change.part.setAttributes(
            of: change.node, to: AttributeChanges(attributes.pointee, which), handle: handle, caller: Caller(request),
            reply: AttributesReply(request: change.request))
    }

    private static func makeDirectory(_ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t) {
        guard let request, let name, let change = PendingChange(request, at: parent) else { return }
        guard change.countDone == nil else {
            return change.part.lookUp(
                name: FileName(name), in: change.node, caller: Caller(request), reply: EntryReply(request: change.request))
        }
        change.part.makeDirectory(
            FileName(name), in: change.node, mode: UInt32(mode) & 0o7777, note: change.note, caller: Caller(request),
            reply: EntryReply(request: change.request))
    }

    private static func removeDirectory(_ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
        guard let request, let name, let change = PendingChange(request, at: parent) else { return }
        guard change.countDone == nil else { return change.request.succeed() }
        change.part.removeDirectory(
            FileName(name), in: change.node, note: change.note, caller: Caller(request), reply: StatusReply(request: change.request))
    }

    private static func rename(
        _ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ newParent: fuse_ino_t,
        _ newName: UnsafePointer<CChar>?, _ flags: UInt32
    ) {
        guard let request, let name, let newName, let change = PendingChange(request, at: parent) else { return }
        guard let newDirectory = NodeID(newParent) else { return change.request.fail(.staleNFSFileHandle) }
        // Not EXDEV, upon which mv(1) would begin to copy.
        guard SessionContext.of(request).fileSystem.writable(at: newDirectory) != nil else {
            return change.request.fail(.readOnlyFileSystem)
        }
        guard change.countDone == nil else { return change.request.succeed() }
        let names = NameChange(
            name: FileName(name), directory: change.node, newName: FileName(newName), newDirectory: newDirectory, flags: flags)
        change.part.rename(names, note: change.note, caller: Caller(request), reply: StatusReply(request: change.request))
    }
}

/// A request that changes something, and what it is to change.
private struct PendingChange: ~Copyable {
    let request: PendingRequest
    let node: NodeID
    let part: any WritableFileSystem
    /// What a worker that has died since had done of it: WRITE took so many bytes, 0 else. `nil` where it is still to be done.
    let countDone: Int?
    /// Nobody keeps it where the request lies in no slot.
    let note: RequestNote

    /// - Returns: `nil` for what is answered already: nothing can be changed there, or it has failed before.
    init?(_ pointer: OpaquePointer, at number: fuse_ino_t) {
        let request = PendingRequest(changing: pointer)
        guard let node = NodeID(number) else {
            request.fail(.staleNFSFileHandle)
            return nil
        }
        guard let part = SessionContext.of(pointer).fileSystem.writable(at: node) else {
            request.fail(.readOnlyFileSystem)
            return nil
        }
        let record = request.record
        switch record?.outcome {
        case .failed(let error):
            request.fail(error)
            return nil
        case .done(let count): countDone = count
        case nil: countDone = nil
        }
        note = record?.note ?? RequestNote(SharedRegion?.none)
        self.node = node
        self.part = part
        self.request = request
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
