internal import Glibc

/// A point in time as the clock on the wall shows it, localtime(3).
package enum LocalTime {
    /// `2026-11-21 18:20:03`.
    /// - Parameter milliseconds: Unix time.
    package static func dateAndTime(milliseconds: Int64) -> String { formatted(milliseconds, "%Y-%m-%d %H:%M:%S") }

    /// `18:20:03`.
    /// - Parameter milliseconds: Unix time.
    package static func time(milliseconds: Int64) -> String { formatted(milliseconds, "%H:%M:%S") }

    private static func formatted(_ milliseconds: Int64, _ format: String) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "-" }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
