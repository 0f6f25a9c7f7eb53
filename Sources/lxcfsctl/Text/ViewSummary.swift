internal import ProcText

/// What a file says, in a few words.
enum ViewSummary {
    /// Texts of one line that are no longer are shown as they are.
    private static let longestLine = 40

    /// - Parameter file: below the mount point: `proc/meminfo`.
    static func of(_ text: String, file: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        switch file {
        case "proc/meminfo":
            let total = kibibytes("MemTotal:", lines)
            let available = kibibytes("MemAvailable:", lines)
            if let total, let available { return "\(total), \(available) available" }
        case "proc/cpuinfo":
            // Every architecture has this line for each CPU but s390x.
            let count = lines.count {
                $0.hasPrefix("processor") && $0.dropFirst(9).first.map { $0 == "\t" || $0 == " " || $0 == ":" } == true
            }
            if count > 0 { return Units.count(Int64(count), "CPU") }
        case "proc/stat":
            let count = lines.count { $0.hasPrefix("cpu") && $0.dropFirst(3).first?.isNumber == true }
            if count > 0 { return Units.count(Int64(count), "CPU") }
        case "proc/uptime":
            if let seconds = lines.first?.split(separator: " ").first.flatMap({ Double($0) }), seconds >= 0, seconds < 1e12 {
                return "up " + Units.duration(milliseconds: Int64(seconds * 1000))
            }
        case "proc/swaps":
            let sizes = lines.dropFirst().compactMap { line -> Int64? in
                let words = line.split { $0 == " " || $0 == "\t" }
                return words.count >= 5 ? Int64(words[words.count - 3]) : nil
            }
            if sizes.isEmpty { return "no swap" }
            return Units.bytes(sizes.reduce(0) { $0.saturatingAdd($1.saturatingMultiply(1024)) })
        default: break
        }
        let shown = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
        if shown.isEmpty { return "empty" }
        if shown.count == 1, let only = shown.first, only.utf8.count <= longestLine { return String(only) }
        return Units.count(Int64(shown.count), "line")
    }

    private static func kibibytes(_ label: String, _ lines: [Substring]) -> String? {
        lines.first { $0.hasPrefix(label) }.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int64($0) }
            .map { Units.bytes($0.saturatingMultiply(1024)) }
    }
}
