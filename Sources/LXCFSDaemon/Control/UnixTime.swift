internal import LinuxSystem
internal import ProcText
internal import Synchronization

/// Turns times of the kernel's clocks into Unix times in milliseconds, all by one look at the clocks.
struct UnixTime: Sendable {
    private let boottime: Int64
    private let monotonic: Int64

    /// Unix time less boot time when it was last looked at: two looks at two clocks differ by a little each time, and what started once shall
    /// not have started a millisecond later when it is asked for again.
    private static let lastBoot = Mutex<Int64>(0)
    private static let leastChange: Int64 = 10

    init() {
        let now = Clock.realtimeMilliseconds
        let boot = UnixTime.difference(now, Clock.boottime)
        boottime = UnixTime.lastBoot.withLock { last in
            if last.subtractingReportingOverflow(boot).partialValue.magnitude >= UnixTime.leastChange.magnitude { last = boot }
            return last
        }
        monotonic = UnixTime.difference(now, Clock.monotonic)
    }

    /// A time of CLOCK_BOOTTIME in nanoseconds.
    func of(boottime time: UInt64) -> Int64 { boottime.addingReportingOverflow(UnixTime.milliseconds(time)).partialValue }

    /// A time of CLOCK_MONOTONIC in nanoseconds.
    func of(monotonic time: UInt64) -> Int64 { monotonic.addingReportingOverflow(UnixTime.milliseconds(time)).partialValue }

    private static func difference(_ now: Int64, _ clock: UInt64) -> Int64 {
        now.subtractingReportingOverflow(milliseconds(clock)).partialValue
    }
    private static func milliseconds(_ nanoseconds: UInt64) -> Int64 { Int64(clamping: nanoseconds / 1_000_000) }
}
