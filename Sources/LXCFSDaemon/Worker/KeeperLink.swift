internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// What a reload came to.
package struct ReloadReport: Sendable, Equatable {
    /// The generation that serves now.
    package let generation: UInt64
    /// How long requests had to wait, in nanoseconds.
    package let pauseNanoseconds: UInt64
}

/// Why a reload did not come about. The worker that served before serves on.
package enum ReloadError: Error, Equatable, CustomStringConvertible {
    /// The new worker did not get ready.
    case failed(reason: String)
    /// No answer in the time that the caller gave it. It may still succeed.
    case timedOut
    /// The keeper is gone.
    case noKeeper

    package var description: String {
        switch self {
        case .failed(let reason): "The reload failed: \(reason). What served before serves on."
        case .timedOut: "The reload has not ended in the time given; see the log for what becomes of it."
        case .noKeeper: "There is no keeper to reload: start lxcfs again, it takes over."
        }
    }
}

/// The worker's end of the connection to its keeper.
package final class KeeperLink: Sendable {
    let socket: MessageSocket
    /// What the next to ask for a reload waits for: counts the reloads that ended, and keeps how the last one did.
    private let reloads = Mutex<(count: Int, last: Result<ReloadReport, ReloadError>?)>((0, nil))

    init(socket: MessageSocket) {
        self.socket = socket
    }

    /// - Returns: whether it is on its way.
    @discardableResult func send(_ message: WorkerMessage) -> Bool { socket.send(message.bytes) }

    /// Whether there is something to receive already.
    var hasInput: Bool {
        var poll = PollSet()
        poll.add(socket.descriptor)
        poll.wait(nanoseconds: 0)
        return poll.hasInput(socket.descriptor)
    }

    func next() -> Received<KeeperMessage> { socket.next { KeeperMessage($0) } }

    /// Reloads, and waits until that has ended. Any thread but the one that receives from the keeper may call it; it goes on to answer its caller,
    /// although this worker serves no more by then.
    /// - Parameter timeout: in nanoseconds.
    package func reload(timeout: UInt64) throws(ReloadError) -> ReloadReport {
        let before = reloads.withLock { $0.count }
        guard send(.reloadWanted(sender: 0)) else { throw .noKeeper }
        let deadline = Clock.monotonic + timeout
        while Clock.monotonic < deadline {
            let state = reloads.withLock { $0 }
            if state.count > before, let last = state.last { return try last.get() }
            usleep(1000)
        }
        throw .timedOut
    }

    func finish(_ result: Result<ReloadReport, ReloadError>) {
        reloads.withLock { $0 = ($0.count + 1, result) }
    }
}
