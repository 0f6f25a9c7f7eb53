internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// The threads on which calls are answered: made when there is work, ended when there was none for a while.
final class CallPool: Sendable {
    /// Something to be done for a connection.
    struct Job: Sendable {
        let place: Place
        let body: @Sendable () -> CallOutcome
    }

    /// Which connection: the slot alone may be another's by now.
    struct Place: Sendable, Equatable {
        let slot: Int
        let serial: UInt64
    }

    private struct State: ~Copyable {
        var jobs: [Job] = []
        var threads: [JoinableThread?] = []
        var idle = 0
        var isEnding = false
    }

    private let state = Mutex(State())
    private let work: EventDescriptor
    private let limit: Int
    private let deliver: @Sendable (Place, CallOutcome) -> Void

    /// In bytes: enough for the deepest call and the longest list.
    private static let stackSize = 512 << 10
    /// How long a thread waits for work, in nanoseconds.
    private static let idleTimeout: UInt64 = 30_000_000_000
    /// Those that answer containers go first.
    static let nice: CInt = 5

    /// - Parameters:
    ///   - limit: threads at most.
    ///   - deliver: takes what came out, on the thread that did it; must not wait.
    init(limit: Int, deliver: @escaping @Sendable (Place, CallOutcome) -> Void) throws(Errno) {
        work = try EventDescriptor()
        self.limit = limit
        self.deliver = deliver
    }

    /// Has a job done, on whichever thread is free.
    /// - Returns: whether it will be; not so where no thread can be started, or after `end`.
    func run(_ job: Job) -> Bool {
        let number: Int? = state.withLock { state in
            if state.isEnding { return nil }
            state.jobs.append(job)
            if state.idle >= state.jobs.count { return -1 }
            let free = state.threads.firstIndex { $0 == nil }
            return free ?? (state.threads.count < limit ? state.threads.count : -1)
        }
        guard let number else { return false }
        if number >= 0, !startThread(number) {
            return state.withLock { state in
                // Whoever is there takes it; if nobody is, nobody will.
                if state.threads.contains(where: { $0 != nil }) { return true }
                state.jobs.removeAll { $0.place == job.place }
                return false
            }
        }
        work.signal()
        return true
    }

    /// Lets the threads end when they have nothing to do, and waits for those that are idle or end soon.
    /// - Parameter deadline: in nanoseconds of CLOCK_MONOTONIC; who works on after it is left alone.
    func end(deadline: UInt64) {
        let threads = state.withLock { state in
            state.isEnding = true
            return state.threads.compactMap { $0 }
        }
        work.signal()
        for thread in threads {
            while !thread.isFinished, Clock.monotonic < deadline { Clock.sleep(until: Clock.monotonic + 1_000_000) }
            if thread.isFinished { thread.join() }
        }
    }

    /// Only the I/O thread starts threads, so a number is given once.
    private func startThread(_ number: Int) -> Bool {
        let thread: JoinableThread
        do throws(Errno) {
            thread = try JoinableThread(name: "lxcfs/call-\(number)", stackSize: CallPool.stackSize) { [self] in work(on: number) }
        } catch {
            return false
        }
        state.withLock { state in
            if number < state.threads.count { state.threads[number] = thread } else { state.threads.append(thread) }
        }
        return true
    }

    private func work(on number: Int) {
        JoinableThread.yieldToOthers(by: CallPool.nice)
        while let job = next(for: number) { deliver(job.place, job.body()) }
    }

    private enum Next {
        case job(Job)
        case nothing
        case end
    }

    /// The next job; `nil` where there was none for a long time, or no more will come: the thread is no longer counted on then.
    private func next(for number: Int) -> Job? {
        let since = Clock.monotonic
        state.withLock { $0.idle += 1 }
        while true {
            let waited = Clock.monotonic - since
            switch take(number, isLate: waited >= CallPool.idleTimeout) {
            case .job(let job): return job
            case .end: return nil
            case .nothing: _ = work.wait(nanoseconds: CallPool.idleTimeout - min(waited, CallPool.idleTimeout))
            }
        }
    }

    private func take(_ number: Int, isLate: Bool) -> Next {
        state.withLock { state in
            let job = state.jobs.isEmpty ? nil : state.jobs.removeFirst()
            if state.jobs.isEmpty, !state.isEnding { work.clear() }
            if job == nil, !isLate, !state.isEnding { return .nothing }
            state.idle -= 1
            if let job { return .job(job) }
            if !state.isEnding { state.threads[number] = nil }
            return .end
        }
    }
}

/// What a call, or a part of it, came to.
enum CallOutcome: Sendable {
    /// No reply is wanted.
    case silence
    /// This is all.
    case reply([UInt8], isBad: Bool)
    /// These, and those that the closure goes on to give when they are sent.
    case part([[UInt8]], rest: (@Sendable () -> [UInt8]?)?)
    /// This, and from now on the events.
    case subscription([UInt8])
}
