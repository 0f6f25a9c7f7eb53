internal import Glibc

/// Clocks in nanoseconds.
package enum Clock {
    /// CLOCK_BOOTTIME: since boot, time asleep included; what process start times are counted in.
    package static var boottime: UInt64 { now(CLOCK_BOOTTIME) }

    /// CLOCK_MONOTONIC: since boot, time asleep left out.
    package static var monotonic: UInt64 { now(CLOCK_MONOTONIC) }

    /// CLOCK_REALTIME in milliseconds: Unix time.
    package static var realtimeMilliseconds: Int64 { Int64(clamping: now(CLOCK_REALTIME) / 1_000_000) }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Clock {
    /// Sleeps until CLOCK_MONOTONIC shows `time`, or a signal comes.
    package static func sleep(until time: UInt64) {
        var deadline = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nil)
    }
}
