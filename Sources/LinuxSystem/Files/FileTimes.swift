internal import Glibc

/// A time of a file, CLOCK_REALTIME.
package struct FileTime: Sendable, Equatable {
    package var seconds: Int
    /// 0..<1,000,000,000.
    package var nanoseconds: Int

    package init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    init(_ time: timespec) {
        seconds = time.tv_sec
        nanoseconds = time.tv_nsec
    }
}

/// The three times of a file that stat(2) shows.
package struct FileTimes: Sendable, Equatable {
    package var access: FileTime
    package var modification: FileTime
    package var change: FileTime

    package init(access: FileTime, modification: FileTime, change: FileTime) {
        self.access = access
        self.modification = modification
        self.change = change
    }

    /// All three the present time.
    package static var now: FileTimes {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = FileTime(time)
        return FileTimes(access: now, modification: now, change: now)
    }
}

/// What utimensat(2) sets a time to.
package enum NewTime: Sendable, Equatable {
    /// The present (UTIME_NOW).
    case now
    case time(FileTime)
}
