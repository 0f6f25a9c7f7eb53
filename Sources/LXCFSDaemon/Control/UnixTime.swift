internal import LinuxSystem
internal import ProcText

/// Turns times of the kernel's clocks into Unix times in milliseconds, all by one look at the clocks.
struct UnixTime: Sendable {
    private let now = Clock.realtimeMilliseconds
    private let boottime = Clock.boottime
    private let monotonic = Clock.monotonic

    /// A time of CLOCK_BOOTTIME in nanoseconds.
    func of(boottime time: UInt64) -> Int64 { before(boottime.saturatingSubtract(time)) }

    /// A time of CLOCK_MONOTONIC in nanoseconds.
    func of(monotonic time: UInt64) -> Int64 { before(monotonic.saturatingSubtract(time)) }

    private func before(_ nanoseconds: UInt64) -> Int64 {
        now.subtractingReportingOverflow(Int64(clamping: nanoseconds / 1_000_000)).partialValue
    }
}
