internal import Synchronization
package import SystemPackage

/// Threads that have become somebody else for good, kept for a while for more work in the name of exactly the same: the same ids, groups and capabilities.
/// A thread that has become one cannot become another, so none is ever given to anybody else.
package final class CredentialedThreads: Sendable {
    /// Threads that wait at most; one more ends instead.
    private static let mostIdle = 16
    private static let idleSeconds = 5

    private let idle = Mutex<[ThreadCredentials: [IdleThread]]>([:])

    package init() {}

    /// As `CredentialedThread.run`.
    package func run<Value: Sendable>(
        as credentials: ThreadCredentials, _ body: @escaping @Sendable () throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let outcome = CredentialedThread.Outcome<Value>()
        let thread = if let idle = takeIdle(credentials) { idle } else { try start(credentials) }
        try thread.perform { outcome.fill(body) }
        keep(thread)
        return try outcome.result.withLock { $0 }.get()
    }

    private func start(_ credentials: ThreadCredentials) throws(Errno) -> IdleThread {
        let thread = IdleThread(credentials)
        _ = try JoinableThread(name: CredentialedThread.name, stackSize: CredentialedThread.stackSize) { [self] in
            thread.serve(seconds: CredentialedThreads.idleSeconds, mayEnd: isUnused)
        }
        return thread
    }

    private func takeIdle(_ credentials: ThreadCredentials) -> IdleThread? {
        idle.withLock { idle in
            let taken = idle[credentials]?.popLast()
            if idle[credentials]?.isEmpty == true { idle[credentials] = nil }
            return taken
        }
    }

    private func keep(_ thread: IdleThread) {
        let isKept = idle.withLock { idle in
            guard idle.values.reduce(0, { $0 + $1.count }) < CredentialedThreads.mostIdle else { return false }
            idle[thread.credentials, default: []].append(thread)
            return true
        }
        if !isKept { thread.end() }
    }

    /// Whether nobody has just taken a thread that has waited for long enough. If so, nobody will.
    private func isUnused(_ thread: IdleThread) -> Bool {
        idle.withLock { idle in
            guard let index = idle[thread.credentials]?.firstIndex(where: { $0 === thread }) else { return false }
            idle[thread.credentials]?.remove(at: index)
            if idle[thread.credentials]?.isEmpty == true { idle[thread.credentials] = nil }
            return true
        }
    }
}

/// One of these threads, and the work that it is given.
private final class IdleThread: Sendable {
    let credentials: ThreadCredentials
    private let work = Mutex<(@Sendable () -> Void)?>(nil)
    private let fault = Mutex<Errno?>(nil)
    private let isDue = Semaphore()
    private let isDone = Semaphore()

    init(_ credentials: ThreadCredentials) {
        self.credentials = credentials
    }

    /// Gives the thread work and waits until it is done.
    /// - Throws: why the thread could not become who it should; the work was not done then, and the thread has ended.
    func perform(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        work.withLock { $0 = body }
        isDue.post()
        isDone.wait()
        if let fault = fault.withLock({ $0 }) { throw fault }
    }

    /// Ends the thread, which has no work.
    func end() {
        isDue.post()
    }

    /// What the thread does.
    func serve(seconds: Int, mayEnd: (IdleThread) -> Bool) {
        do throws(Errno) {
            try CredentialedThread.become(credentials)
        } catch {
            fault.withLock { $0 = error }
        }
        while true {
            if !isDue.wait(seconds: seconds) {
                if mayEnd(self) { return }
                isDue.wait()
            }
            let body = work.withLock { work in
                defer { work = nil }
                return work
            }
            guard let body, fault.withLock({ $0 }) == nil else { return isDone.post() }
            body()
            isDone.post()
        }
    }
}
