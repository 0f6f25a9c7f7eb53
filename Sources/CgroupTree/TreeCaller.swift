internal import FUSE
internal import LinuxSystem
internal import SystemPackage

/// Who sent a request: where it lives, and what it may.
struct TreeCaller: Sendable {
    let thread: Int32
    let own: OwnCgroups
    let credentials: ThreadCredentials

    /// A caller waits for its answer and cannot go away, so that its thread id means no other thread meanwhile.
    /// - Throws: where it cannot be told for sure who it is.
    init(_ caller: Caller, _ identification: any CallerIdentification, proc: Directory) throws(Errno) {
        guard caller.pid > 0 else { throw .noSuchProcess }
        thread = caller.pid
        own = try identification.ownCgroups(ofThread: caller.pid)
        let found = try ThreadCredentials(ofThread: caller.pid, proc: proc)
        // access(2) asks in the name of the real user, and an io_uring in that of whoever gave it an identity: of that one only these two ids are known.
        let isItself = found.fileSystemUser == caller.uid && found.fileSystemGroup == caller.gid
        credentials = isItself ? found : .unprivileged(user: caller.uid, group: caller.gid)
    }
}

/// Who opened a file, as the file handle says it. The kernel keeps it, and shows it to nobody.
///
/// A file is not kept open: each WRITE opens it again, with no more rights than both who opened it and who writes have. So a descriptor that was handed to a
/// program with more rights, as its standard output say, is of no more use than before.
struct Opener: Equatable, Sendable {
    let user: UInt32
    /// The effective capabilities 0...31. The others say nothing about files.
    let capabilities: UInt32

    init(_ credentials: ThreadCredentials) {
        user = credentials.effectiveUser
        capabilities = UInt32(truncatingIfNeeded: credentials.effective)
    }

    init(_ handle: FileHandle) {
        user = UInt32(truncatingIfNeeded: handle.rawValue >> 32)
        capabilities = UInt32(truncatingIfNeeded: handle.rawValue)
    }

    var handle: FileHandle { FileHandle(rawValue: UInt64(user) << 32 | UInt64(capabilities)) }

    /// The rights of who writes, without those that the opener did not have.
    /// - Throws: EACCES where another user writes than the one that opened.
    func limiting(_ writer: ThreadCredentials) throws(Errno) -> ThreadCredentials {
        guard writer.effectiveUser == user else { throw .permissionDenied }
        var limited = writer
        limited.effective &= UInt64(capabilities)
        return limited
    }
}
