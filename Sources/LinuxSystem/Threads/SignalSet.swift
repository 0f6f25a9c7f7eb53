internal import Glibc

/// A set of signals, signal(7).
package struct SignalSet: Sendable {
    private var set = sigset_t()

    /// No signal.
    package init() {
        sigemptyset(&set)
    }

    /// These signals.
    package init(_ signals: [CInt]) {
        self.init()
        for signal in signals { insert(signal) }
    }

    /// Every signal but those by which the kernel reports a fault of the thread itself, so that a crash stays one.
    package static var allButFaults: SignalSet {
        var all = SignalSet()
        sigfillset(&all.set)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] { all.remove(fault) }
        return all
    }

    package mutating func insert(_ signal: CInt) {
        sigaddset(&set, signal)
    }

    package mutating func remove(_ signal: CInt) {
        sigdelset(&set, signal)
    }

    package func contains(_ signal: CInt) -> Bool {
        withUnsafePointer(to: set) { sigismember($0, signal) == 1 }
    }

    /// Blocks these signals in the calling thread, and in the threads that it will start. Returns what was blocked before.
    @discardableResult package func block() -> SignalSet { changeMask(SIG_BLOCK) }

    /// Blocks exactly these signals in the calling thread, and in the threads that it will start. Returns what was blocked before.
    @discardableResult package func setMask() -> SignalSet { changeMask(SIG_SETMASK) }

    private func changeMask(_ how: CInt) -> SignalSet {
        var before = SignalSet()
        withUnsafePointer(to: set) { _ = pthread_sigmask(how, $0, &before.set) }
        return before
    }
}
