internal import CFuse3
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// What libfuse's callbacks find their way by: libfuse's user data.
final class SessionContext: Sendable {
    let fileSystem: any FileSystem
    /// Where the requests lie that libfuse hands on.
    let slots: RequestSlots
    private let onEvent: @Sendable (SessionEvent) -> Void
    /// Whether what libfuse writes is thrown away: its answer to INIT, which the kernel has had.
    let isMuted = Atomic(true)
    private let hasEnded = Atomic(false)

    init(fileSystem: any FileSystem, slots: RequestSlots, onEvent: @escaping @Sendable (SessionEvent) -> Void) {
        self.fileSystem = fileSystem
        self.slots = slots
        self.onEvent = onEvent
    }

    /// The session's, by one of its requests.
    static func of(_ request: OpaquePointer) -> SessionContext {
        guard let pointer = fuse_req_userdata(request) else { preconditionFailure("libfuse lost its user data") }
        return of(pointer)
    }

    private static func of(_ userData: UnsafeMutableRawPointer) -> SessionContext {
        Unmanaged<SessionContext>.fromOpaque(userData).takeUnretainedValue()
    }

    /// Reports an event, the end only once.
    func report(_ event: SessionEvent) {
        if event == .unmounted, hasEnded.exchange(true, ordering: .relaxed) { return }
        onEvent(event)
    }

    /// What libfuse writes and reads with. It never reads: the workers do.
    static func inputOutput() -> fuse_custom_io {
        var io = fuse_custom_io()
        io.read = { _, _, _, _ in
            errno = EIO
            return -1
        }
        io.writev = { descriptor, vector, count, userData in
            guard let vector, let userData else { return 0 }
            return SessionContext.of(userData).write(descriptor, vector, count)
        }
        return io
    }

    private func write(_ descriptor: CInt, _ vector: UnsafeMutablePointer<iovec>, _ count: CInt) -> Int {
        if isMuted.load(ordering: .relaxed) {
            return UnsafeBufferPointer(start: vector, count: Int(count)).reduce(0) { $0 &+ $1.iov_len }
        }
        let written = writev(descriptor, vector, count)
        guard written < 0 else { return written }
        let error = Errno(rawValue: errno)
        // ENOENT: the caller is gone. ENODEV: everybody is.
        if error != .noSuchFileOrDirectory && error != .operationNotSupportedByDevice { report(.replyFailed(error)) }
        // libfuse prints every other error on standard error.
        errno = ENOENT
        return -1
    }
}
