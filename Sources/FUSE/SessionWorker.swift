internal import Glibc
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// One of a session's threads.
final class SessionWorker: Sendable {
    /// Whether it is about to receive a request, or waits for one. Only then it is woken: a signal shall not disturb the file system's own work.
    let isReceiving = Atomic(false)
    /// Whether the request that a predecessor left in its slot, if one did, has been processed.
    let hasReplayed = Atomic(false)
    private let thread = Mutex<JoinableThread?>(nil)

    /// Views need little stack; the default of 8 MiB would only count against limits.
    private static let stackSize = 512 * 1024

    /// Starts serving with the slot of the same number.
    func start(_ index: Int, in session: Session, _ slot: RequestSlot) throws(Errno) {
        let started = try JoinableThread(name: "lxcfs/fuse-\(index)", stackSize: SessionWorker.stackSize) {
            session.serve(self, slot)
        }
        thread.withLock { $0 = started }
    }

    /// Waits until the predecessor's request has been processed, but no longer than about 100 ms.
    func awaitReplay() {
        var pause: UInt32 = 50
        var waited: UInt32 = 0
        while waited < 100_000, !hasReplayed.load(ordering: .acquiring) {
            usleep(pause)
            waited += pause
            pause = min(pause * 2, 2000)
        }
    }

    var isFinished: Bool { thread.withLock { $0?.isFinished ?? true } }

    func wake() {
        if isReceiving.load(ordering: .sequentiallyConsistent) { thread.withLock { $0?.interrupt() } }
    }

    func join() {
        thread.withLock { $0 }?.join()
    }
}
