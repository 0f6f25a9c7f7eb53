internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

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
    /// Those who wait for the reload that is under way.
    private let waiting = Mutex<[Waiter]>([])

    private final class Waiter: Sendable {
        let isDone: EventDescriptor
        let result = Mutex<Result<ReloadReport, ReloadError>?>(nil)

        init() throws(Errno) {
            isDone = try EventDescriptor()
        }
    }

    init(socket: MessageSocket) {
        self.socket = socket
    }

    /// - Returns: whether it is on its way.
    @discardableResult func send(_ message: WorkerMessage, with descriptor: CInt? = nil) -> Bool {
        socket.send(message.bytes, with: descriptor)
    }

    /// Whether there is something to receive already.
    var hasInput: Bool {
        var poll = PollSet()
        poll.add(socket.descriptor)
        poll.wait(nanoseconds: 0)
        return poll.hasInput(socket.descriptor)
    }

    func next() -> Received<KeeperMessage> { socket.next { KeeperMessage($0, $1) } }

    /// Reloads, and waits until that has ended; who asks while others wait gets what they get. Any thread but the one that receives from the keeper may
    /// call it; it goes on to answer its caller, although this worker serves no more by then.
    /// - Parameter timeout: in nanoseconds.
    package func reload(timeout: UInt64) throws(ReloadError) -> ReloadReport {
        let waiter: Waiter
        do throws(Errno) {
            waiter = try Waiter()
        } catch {
            throw .failed(reason: "there are no descriptors left (\(error))")
        }
        let isFirst = waiting.withLock { waiting in
            waiting.append(waiter)
            return waiting.count == 1
        }
        defer { waiting.withLock { $0.removeAll { $0 === waiter } } }
        if isFirst, !send(.reloadWanted(sender: 0)) { finish(.failure(.noKeeper)) }
        let deadline = Clock.monotonic.saturatingAdd(timeout)
        while true {
            if let result = waiter.result.withLock({ $0 }) { return try result.get() }
            let now = Clock.monotonic
            guard now < deadline else { throw .timedOut }
            _ = waiter.isDone.wait(nanoseconds: deadline - now)
        }
    }

    /// How many wait for a reload.
    var waitingForReload: Int { waiting.withLock { $0.count } }

    /// Tells all who wait. Who asks from now on asks for another reload.
    func finish(_ result: Result<ReloadReport, ReloadError>) {
        let waiters = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for waiter in waiters {
            waiter.result.withLock { $0 = result }
            waiter.isDone.signal()
        }
    }
}
