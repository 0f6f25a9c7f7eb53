internal import LinuxSystem

/// Numbers as people read them. Numbers from the daemon are outside numbers: none of this traps on any of them.
enum Units {
    /// `512 B`, `4.0 KiB`, `256 MiB`, `1.5 GiB`: three digits or so.
    static func bytes(_ count: Int64) -> String {
        let names = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard count.magnitude >= 1024 else { return "\(count) B" }
        var value = Double(count) / 1024
        var index = 0
        // What would be rounded to 1024 is 1.0 of the next.
        while value.magnitude >= 1023.5, index < names.count - 1 {
            value /= 1024
            index += 1
        }
        return "\(value.magnitude < 9.95 ? decimal(value, 1) : decimal(value, 0)) \(names[index])"
    }

    /// `850 ns`, `12 us`, `1.3 ms`, `2.5 s`.
    static func latency(nanoseconds: Int64) -> String {
        let value = Double(nanoseconds)
        switch nanoseconds.magnitude {
        case 0..<1000: return "\(nanoseconds) ns"
        case 0..<9950: return "\(decimal(value / 1e3, 1)) us"
        case 0..<999_500: return "\(decimal(value / 1e3, 0)) us"
        case 0..<9_950_000: return "\(decimal(value / 1e6, 1)) ms"
        case 0..<999_500_000: return "\(decimal(value / 1e6, 0)) ms"
        default: return "\(decimal(value / 1e9, 1)) s"
        }
    }

    /// CPU time as top(1) has it: `0.35 s`, `12 s`, `3 min 5 s`.
    static func cpuTime(microseconds: Int64) -> String {
        microseconds < 10_000_000 ? "\(decimal(Double(microseconds) / 1e6, 2)) s" : duration(milliseconds: microseconds / 1000)
    }

    /// Thousandths of a CPU: `1.5`, `2`.
    static func cpus(_ thousandths: Int64) -> String {
        if thousandths % 1000 == 0 { return "\(thousandths / 1000)" }
        return decimal(Double(thousandths) / 1000, thousandths % 100 == 0 ? 1 : thousandths % 10 == 0 ? 2 : 3)
    }

    /// The two largest units of a span of time: `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. What is negative is 0.
    static func duration(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        if days > 0 { return hours > 0 ? "\(days) d \(hours) h" : "\(days) d" }
        if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
        if minutes > 0 { return seconds % 60 > 0 ? "\(minutes) min \(seconds % 60) s" : "\(minutes) min" }
        return "\(seconds) s"
    }

    /// `2 h 10 min ago`.
    static func ago(_ time: Int64, now: Int64 = Clock.realtimeMilliseconds) -> String {
        let (span, overflow) = now.subtractingReportingOverflow(time)
        return overflow || span < 1000 ? "just now" : duration(milliseconds: span) + " ago"
    }

    /// `1 container`, `12,345 reads`.
    static func count(_ number: Int64, _ singular: String, _ plural: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
    }

    /// `12,345,678`.
    static func grouped(_ number: Int64) -> String {
        var result = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return (number < 0 ? "-" : "") + String(result.reversed())
    }

    /// A number with so many digits behind the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        let scale = [1.0, 10, 100, 1000][min(max(digits, 0), 3)]
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 1e18 else { return "\(value)" }
        let whole = Int64(scaled)
        let sign = whole < 0 ? "-" : ""
        guard digits > 0 else { return "\(whole)" }
        let (quotient, remainder) = whole.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        let fraction = String(remainder)
        return "\(sign)\(quotient).\(String(repeating: "0", count: max(0, min(digits, 3) - fraction.count)))\(fraction)"
    }
}
