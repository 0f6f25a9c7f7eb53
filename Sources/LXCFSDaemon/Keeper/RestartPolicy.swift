internal import LinuxSystem

/// When a worker that ended is started again, and from which program: at once at first, then with growing pauses, at last once a minute.
///
/// The file on disk is tried first, so that a corrected program is taken up; after a failure the keeper's own image, which once worked, and so on in turn.
struct RestartPolicy: Sendable, Equatable {
    /// After so many failures in a row the log says that it is given up.
    static let limit = 16
    /// Who served this long was no failure, in nanoseconds.
    static let goodService: UInt64 = 10_000_000_000
    private static let firstPause: UInt64 = 50_000_000
    private static let longestPause: UInt64 = 5_000_000_000
    private static let pauseAfterLimit: UInt64 = 60_000_000_000

    /// Workers that failed by themselves, in a row.
    private var faults = 0
    /// Workers that somebody killed before they served, in a row: no failure of the program once another one serves.
    private var killings = 0
    /// Whether the next one is started from the file on disk.
    private(set) var usesDisk = true

    /// How many killings weigh as much as one fault: nobody shall wait because of a few of them.
    private static let killingsPerFault = 4

    /// Failures in a row.
    var failures: Int { faults + killings / RestartPolicy.killingsPerFault }

    /// Whether the limit was reached just now.
    var isGivingUp: Bool { failures == RestartPolicy.limit }

    /// A worker did not get as far as serving, or crashed soon after.
    mutating func failed(fromDisk: Bool) {
        faults += 1
        usesDisk = !fromDisk
    }

    /// A worker was killed from outside before it served.
    mutating func killed() {
        killings += 1
    }

    /// A worker serves.
    mutating func served() {
        killings = 0
    }

    /// A worker served long enough, or somebody wants a fresh attempt.
    mutating func reset() {
        faults = 0
        killings = 0
        usesDisk = true
    }

    /// How long to wait before the next start, in nanoseconds.
    var pause: UInt64 {
        if failures >= RestartPolicy.limit { return RestartPolicy.pauseAfterLimit }
        // The first two are one of each program.
        guard failures > 2 else { return 0 }
        return min(RestartPolicy.firstPause << UInt64(min(failures - 3, 10)), RestartPolicy.longestPause)
    }
}

/// Tells whether a signal that a worker passes on is the one that the keeper got too, or will get: `kill -USR1 $(pidof lxcfs)` reaches both and
/// is meant once.
struct SignalEcho: Sendable {
    /// A signal, who sent it, and whether the keeper itself received it.
    struct Event: Equatable, Sendable {
        var signal: Int32
        var sender: Int32
        var isOwn: Bool
    }

    /// How far apart the two may come, in nanoseconds.
    static let window: UInt64 = 1_000_000_000

    private var last: Event?
    private var lastAt: UInt64 = 0

    /// Whether the event is to be acted on. `now` in nanoseconds of CLOCK_MONOTONIC.
    mutating func isNew(_ event: Event, now: UInt64) -> Bool {
        if let last, now &- lastAt < SignalEcho.window, last.signal == event.signal, last.sender == event.sender, last.isOwn != event.isOwn
        {
            self.last = nil
            return false
        }
        last = event
        lastAt = now
        return true
    }
}
