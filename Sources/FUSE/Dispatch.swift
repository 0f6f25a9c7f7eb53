internal import CFuse3
internal import CLinux
internal import Glibc
internal import SystemPackage

/// From libfuse's callbacks to the methods of `FileSystem`.
///
/// Every callback is formed here, in a type without isolation: formed in one with, it would stop the process on the first thread that is not the right one.
enum Dispatch {
    /// libfuse's table. What is not in it is answered ENOSYS.
    static func operations() -> fuse_lowlevel_ops {
        var operations = fuse_lowlevel_ops()
        operations.`init` = { _, connection in
            // The kernel has its answer from InitRequest; this keeps libfuse's own idea of the connection the same.
            connection?.pointee.max_write = InitRequest.maximumWrite
            connection?.pointee.want &= connection?.pointee.capable ?? 0
        }
        operations.lookup = { Dispatch.lookUp($0, $1, $2) }
        operations.getattr = { Dispatch.attributes($0, $1, $2) }
        operations.open = { Dispatch.open($0, $1, $2, .file) }
        operations.opendir = { Dispatch.open($0, $1, $2, .directory) }
        operations.read = { Dispatch.read($0, $1, $2, $3, $4) }
        operations.readdir = { Dispatch.readDirectory($0, $1, $2, $3, $4) }
        operations.release = { Dispatch.release($0, $1, $2, .file) }
        operations.releasedir = { Dispatch.release($0, $1, $2, .directory) }
        operations.access = { Dispatch.access($0, $1, $2) }
        addChanges(to: &operations)
        RefusalPolicy.apply(to: &operations)
        return operations
    }

    private static func lookUp(_ request: OpaquePointer?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
        guard let request, let name else { return }
        let pending = PendingRequest(request)
        guard let directory = NodeID(parent) else { return pending.fail(.staleNFSFileHandle) }
        SessionContext.of(request).fileSystem.lookUp(
            name: FileName(name), in: directory, caller: Caller(request), reply: EntryReply(request: pending))
    }

    private static func attributes(_ request: OpaquePointer?, _ node: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
        guard let request else { return }
        let pending = PendingRequest(request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        SessionContext.of(request).fileSystem.attributes(
            of: node, handle: file.map { FileHandle(rawValue: $0.pointee.fh) }, caller: Caller(request),
            reply: AttributesReply(request: pending))
    }

    private static func open(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?, _ kind: NodeAttributes.Kind
    ) {
        guard let request, let file else { return }
        let pending = PendingRequest(request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        let flags = OpenFlags(rawValue: file.pointee.flags)
        let fileSystem = SessionContext.of(request).fileSystem
        if let refusal = RefusalPolicy.refusal(of: flags, at: node, in: fileSystem) { return pending.fail(refusal) }
        let reply = OpenReply(request: pending, id: clinux_current_request(), node: node, kind: kind)
        switch kind {
        case .file: fileSystem.open(node, flags: flags, caller: Caller(request), reply: reply)
        case .directory: fileSystem.openDirectory(node, flags: flags, caller: Caller(request), reply: reply)
        }
    }

    private static func read(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ size: Int, _ offset: off_t, _ file: UnsafeMutablePointer<fuse_file_info>?
    ) {
        guard let request, let file else { return }
        let pending = PendingRequest(request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        // fuse_read_args_fill(): a read(2) names the owner of its locks, never 0; one that fills the page cache does not.
        let question = ReadRequest(
            id: clinux_current_request(), node: node, handle: FileHandle(rawValue: file.pointee.fh), offset: UInt64(clamping: offset),
            size: size,
            isFromPageCache: file.pointee.lock_owner == 0)
        SessionContext.of(request).fileSystem.read(question, caller: Caller(request), reply: DataReply(request: pending, size: size))
    }

    private static func readDirectory(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ size: Int, _ offset: off_t, _ file: UnsafeMutablePointer<fuse_file_info>?
    ) {
        guard let request, let file else { return }
        let pending = PendingRequest(request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        SessionContext.of(request).fileSystem.readDirectory(
            node, handle: FileHandle(rawValue: file.pointee.fh), offset: UInt64(clamping: offset), caller: Caller(request),
            reply: DirectoryReply(pending, size: size))
    }

    private static func release(
        _ request: OpaquePointer?, _ node: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?, _ kind: NodeAttributes.Kind
    ) {
        guard let request, let file else { return }
        let handle = FileHandle(rawValue: file.pointee.fh)
        let fileSystem = SessionContext.of(request).fileSystem
        // The caller does not wait for it, and there is nothing to refuse.
        PendingRequest(request).succeed()
        guard let node = NodeID(node) else { return }
        switch kind {
        case .file: fileSystem.release(node, handle: handle)
        case .directory: fileSystem.releaseDirectory(node, handle: handle)
        }
    }

    private static func access(_ request: OpaquePointer?, _ node: fuse_ino_t, _ mask: CInt) {
        guard let request else { return }
        let pending = PendingRequest(request)
        guard let node = NodeID(node) else { return pending.fail(.staleNFSFileHandle) }
        let mask = AccessMask(rawValue: mask)
        let fileSystem = SessionContext.of(request).fileSystem
        if let refusal = RefusalPolicy.refusal(of: mask, at: node, in: fileSystem) { return pending.fail(refusal) }
        fileSystem.access(node, mask: mask, caller: Caller(request), reply: StatusReply(request: pending))
    }
}

extension FileName {
    /// A name as the kernel sends it, ended by NUL.
    init(_ name: UnsafePointer<CChar>) {
        self.init(bytes: UnsafeRawBufferPointer(start: name, count: strlen(name)).map { $0 })
    }
}

extension NodeID {
    /// The kernel's number; nil for one that was never given out.
    init?(_ number: fuse_ino_t) {
        guard number != 0 else { return nil }
        self.init(rawValue: number)
    }
}

extension Caller {
    /// Who sent a request.
    init(_ request: OpaquePointer) {
        guard let context = fuse_req_ctx(request) else {
            self.init(pid: 0, uid: .max, gid: .max)
            return
        }
        self.init(pid: context.pointee.pid, uid: context.pointee.uid, gid: context.pointee.gid)
    }
}
