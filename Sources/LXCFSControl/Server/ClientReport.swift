internal import LinuxSystem
internal import ProcText

/// Says of clients that keep to nothing that there are some: one line in a while, whatever they do.
struct ClientReport {
    private let interval: UInt64
    private let write: @Sendable (String) -> Void
    private var count: UInt64 = 0
    private var last = ""
    private var nextAt: UInt64 = 0

    /// - Parameter interval: in nanoseconds.
    init(every interval: UInt64, _ write: @escaping @Sendable (String) -> Void) {
        self.interval = interval
        self.write = write
    }

    /// When there is something to say, in nanoseconds of CLOCK_MONOTONIC.
    var deadline: UInt64? { count > 0 ? nextAt : nil }

    mutating func note(_ caller: ControlCaller, _ what: String) {
        count += 1
        last = "process \(caller.pid) of user \(caller.uid): \(what)"
    }

    mutating func say(_ now: UInt64) {
        guard count > 0, now >= nextAt else { return }
        write("control socket: \(count == 1 ? "a client" : "\(count) times a client") did not keep to the protocol; the last, \(last)")
        count = 0
        nextAt = now.saturatingAdd(interval)
    }
}
