internal import CLinux
internal import Glibc
package import SystemPackage

/// Signals that are read instead of caught: signalfd(2).
package struct SignalQueue: ~Copyable, Sendable {
    /// A signal and the process that sent it.
    package struct Arrival: Sendable, Equatable {
        package let signal: CInt
        /// The sender's pid; 0 for the kernel, or for a process that cannot be seen from here.
        package let sender: Int32
    }

    private let file: OwnedFileDescriptor

    /// Blocks these signals in the calling thread and in all that it will start, and receives them from now on.
    package init(_ signals: [CInt]) throws(Errno) {
        SignalSet(signals).block()
        let opened = clinux_signalfd(signals, CInt(signals.count))
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        file = OwnedFileDescriptor(adopting: opened)
    }

    /// For poll(2); it stays this value's to close.
    package var descriptor: CInt { file.rawValue }

    /// The next signal that has come; `nil` where none has. Never waits.
    package func next() -> Arrival? {
        var sender: Int32 = 0
        let signal = clinux_take_signal(file.rawValue, &sender)
        return signal > 0 ? Arrival(signal: signal, sender: sender) : nil
    }
}
