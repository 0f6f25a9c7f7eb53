internal import LXCFSControl

/// A file as a container sees it and as the host does: in two columns where there is room, else one below the other.
enum SideBySide {
    /// Where there is no terminal.
    static let usualWidth = 160
    /// Narrower columns than this are no use.
    private static let narrowestColumn = 30

    static func lines(of view: View, width: Int) -> [Line] {
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
        let room = width - longest - 3
        guard room >= narrowestColumn else {
            return [title, [StyledText("the container", .faint)]] + left + [[StyledText("the host", .faint)]] + right
        }
        var lines = [title, Line([StyledText("the container", .faint)]).fitted(width: longest) + "   " + [StyledText("the host", .faint)]]
        for index in 0..<max(left.count, right.count) {
            let (here, there) = (index < left.count ? left[index] : "", index < right.count ? right[index] : "")
            // What differs is marked, also where there are no colours.
            lines.append(here.fitted(width: longest) + (here == there ? "   " : " | ") + there.prefix(width: room))
        }
        return lines
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
