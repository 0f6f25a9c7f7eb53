internal import CLinux
internal import Glibc
internal import Synchronization
package import SystemPackage

/// A thread with a name and a stack of its own size. It takes no signal but the one that `interrupt` sends, and faults.
package final class JoinableThread: Sendable {
    private let thread: pthread_t
    private let isJoined = Mutex(false)
    private let state = State()

    /// Starts it. `name` is what ps(1) and top(1) show: 15 bytes at most, the rest is cut off.
    package init(name: String, stackSize: Int, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        _ = JoinableThread.wakeSignal
        let work = Work(name: name, body: body, state: state)
        // Exactly these: the thread that starts it may block the wake signal itself, as libdispatch's workers do.
        let before = JoinableThread.blockedSignals.setMask()
        defer { before.setMask() }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(work)
        let error = pthread_create(&thread, &attributes, { JoinableThread.run($0) }, argument.toOpaque())
        guard error == 0 else {
            argument.release()
            throw Errno(rawValue: error)
        }
        self.thread = thread
    }

    deinit {
        if !isJoined.withLock({ $0 }) { pthread_detach(thread) }
    }

    /// Lets other threads have the CPU before the calling one: nice(1), which Linux keeps for each thread by itself.
    package static func yieldToOthers(by nice: CInt) {
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, nice)
    }

    /// Whether the body has returned: `join` will not wait.
    package var isFinished: Bool { state.isFinished.load(ordering: .acquiring) }

    /// Makes the system call that the thread is blocked in, if there is one, return EINTR.
    package func interrupt() {
        isJoined.withLock { isJoined in
            if !isJoined { pthread_kill(thread, JoinableThread.wakeSignal) }
        }
    }

    /// Waits until the body has returned. The second call does nothing.
    package func join() {
        let isFirst = isJoined.withLock { isJoined in
            defer { isJoined = true }
            return !isJoined
        }
        if isFirst { pthread_join(thread, nil) }
    }

    /// What is known of the thread from outside.
    private final class State: Sendable {
        let isFinished = Atomic(false)
    }

    /// What the thread does; it goes when it is done, so that the body may hold on to whoever started it.
    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void
        let state: State

        init(name: String, body: @escaping @Sendable () -> Void, state: State) {
            self.name = name
            self.body = body
            self.state = state
        }
    }

    private static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        clinux_set_thread_name(String(decoding: work.name.utf8.prefix(15), as: UTF8.self))
        work.body()
        work.state.isFinished.store(true, ordering: .releasing)
        return nil
    }

    /// Installed before the first thread starts; -1, and `interrupt` does nothing, where sigaction(2) is forbidden.
    private static let wakeSignal = clinux_install_wake_signal()

    private static let blockedSignals: SignalSet = {
        var signals = SignalSet.allButFaults
        signals.remove(wakeSignal)
        return signals
    }()
}
