internal import ProcText

/// Amounts in words for people.
enum Amount {
    /// `256 MiB`, `1.5 GiB`.
    static func bytes(_ count: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        while unit < units.count - 1, count >> UInt64(10 * (unit + 1)) > 0 { unit += 1 }
        return "\(tenths(count, of: 1 << UInt64(10 * unit))) \(units[unit])"
    }

    /// `1 CPU`, `1.5 CPUs`.
    static func cpus(_ count: UInt64, of one: UInt64) -> String {
        let text = hundredths(count, of: one)
        return text == "1" ? "1 CPU" : "\(text) CPUs"
    }

    /// `1 task`, `3 tasks`.
    static func number(_ count: UInt64, _ name: String) -> String { count == 1 ? "1 \(name)" : "\(count) \(name)s" }

    private static func tenths(_ count: UInt64, of one: UInt64) -> String {
        let rounded = count.scaled(by: 10, over: one)
        return rounded % 10 == 0 ? "\(rounded / 10)" : "\(rounded / 10).\(rounded % 10)"
    }

    private static func hundredths(_ count: UInt64, of one: UInt64) -> String {
        let rounded = count.scaled(by: 100, over: one)
        if rounded % 10 == 0 { return tenths(count, of: one) }
        return "\(rounded / 100).\(rounded % 100 < 10 ? "0" : "")\(rounded % 100)"
    }
}
