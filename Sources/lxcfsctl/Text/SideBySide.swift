internal import LXCFSControl

/// A file as a container sees it and as the host does: in two columns where the terminal is wide enough, else one below the other.
enum SideBySide {
    /// Narrower columns than this are no use.
    private static let narrowestColumn = 30

    /// - Parameter width: of the terminal; `nil` where there is none, and nothing is cut off.
    static func lines(of view: View, width: Int?) -> [Line] {
        let title: Line = [StyledText(view.file, .strong)]
        guard let container = view.container, let host = view.host else {
            let problem = Line([StyledText(view.problem ?? "the daemon has no text of it", .warning)])
            guard let text = view.container ?? view.host else { return [title, problem] }
            let side: Line = [StyledText(view.container == nil ? "the host" : "the container", .faint)]
            return [title, problem, side] + split(text)
        }
        if container == host { return [title, [StyledText("the same for the container and the host", .faint)]] + split(container) }
        let (left, right) = (split(container), split(host))
        let longest = left.reduce("the container".count) { max($0, $1.width) }
        let widest = right.reduce("the host".count) { max($0, $1.width) }
        let between = 3
        // Each gets what it needs, or half; what is cut off is shown as such.
        var (here, there) = (longest, widest)
        if let width, longest + between + widest > width {
            let half = (width - between) / 2
            here = widest < half ? width - between - widest : min(longest, half)
            there = width - between - here
        }
        guard min(here, there) >= min(narrowestColumn, longest, widest) else {
            return [title, [StyledText("the container", .faint)]] + left + [[StyledText("the host", .faint)]] + right
        }
        var lines = [title, Line([StyledText("the container", .faint)]).fitted(width: here) + "   " + [StyledText("the host", .faint)]]
        for index in 0..<max(left.count, right.count) {
            let (one, other) = (index < left.count ? left[index] : "", index < right.count ? right[index] : "")
            // What differs is marked, also where there are no colours.
            lines.append(cut(one, here).fitted(width: here) + (one == other ? "   " : " | ") + cut(other, there))
        }
        return lines
    }

    private static func cut(_ line: Line, _ width: Int) -> Line {
        line.width <= width ? line : line.prefix(width: width - 1) + [StyledText(">", .faint)]
    }

    /// Tabs as a terminal shows them: they would be escaped, and stand in nearly every cpuinfo.
    private static func split(_ text: String) -> [Line] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Line in
            guard line.contains("\t") else { return Line([StyledText(String(line))]) }
            var shown = ""
            for character in line {
                if character == "\t" {
                    shown += String(repeating: " ", count: 8 - shown.count % 8)
                } else {
                    shown.append(character)
                }
            }
            return Line([StyledText(shown)])
        }
        if lines.last?.width == 0 { lines.removeLast() }
        return lines
    }
}
