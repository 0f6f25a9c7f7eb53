internal import LXCFSControl
internal import LinuxSystem
internal import ProcText

/// Draws the model: lines of text that fit a terminal of any size.
enum TopScreen {
    /// Lines above the rows: the daemon, the sums, trouble or a problem (or nothing), the titles.
    private static let linesAbove = 4
    /// The keys.
    private static let linesBelow = 1

    /// How many rows of a table are in sight.
    static func pageRows(_ size: TerminalSize) -> Int { max(1, size.rows - linesAbove - linesBelow) }

    /// As many lines as the terminal has, each as wide as it: what stood there before is written over.
    /// - Parameters:
    ///   - now: Unix time in milliseconds.
    ///   - socket: where the daemon is looked for.
    static func lines(_ model: TopModel, _ size: TerminalSize, now: Int64, socket: String) -> [Line] {
        var lines = head(model, size, now: now, socket: socket)
        let room = max(0, size.rows - lines.count - linesBelow)
        switch model.page {
        case .containers: lines += table(model, size, room, TopColumn.containers(width: size.columns), model.rows)
        case .files: lines += table(model, size, room, TopColumn.files(width: size.columns), model.files)
        case .help: lines += help.prefix(room)
        }
        lines += Array(repeating: "", count: max(0, size.rows - lines.count - linesBelow))
        if size.rows > linesAbove { lines.append(foot(model, size)) }
        lines += Array(repeating: "", count: max(0, size.rows - lines.count))
        return lines.prefix(size.rows).map { $0.fitted(width: size.columns) }
    }

    private static func head(_ model: TopModel, _ size: TerminalSize, now: Int64, socket: String) -> [Line] {
        let time = LocalTime.time(milliseconds: now)
        guard let sample = model.sample else {
            return [spread(["lxcfs at \(socket)"], time, size), "", Line([StyledText(model.trouble ?? "asking the daemon", .warning)])]
        }
        let status = sample.status
        let isHealthy = status.health == .healthy
        var first: Line = [
            StyledText("lxcfs \(status.version)", .strong), " ",
            model.trouble == nil ? StyledText(status.health.rawValue, isHealthy ? .good : .bad) : StyledText("no answer", .bad),
            ", generation \(status.generation), up \(Units.duration(milliseconds: now.saturatingSubtract(status.startedAt)))",
        ]
        if !status.virtualization { first.parts += [", ", StyledText("virtualization is off", .warning)] }
        let reads = model.rates?.readsPerSecond.map { Units.decimal($0, $0 < 9.95 ? 1 : 0) } ?? "-"
        var second: Line = ["\(Units.count(status.containers, "container")), \(reads) reads/s, \(Units.count(status.errors, "error"))"]
        if let memory = sample.memory, memory.totalBytes > 0 {
            let used = memory.totalBytes.saturatingSubtract(memory.availableBytes)
            second.parts.append(", host memory \(Units.bytes(used)) of \(Units.bytes(memory.totalBytes)) ")
            second.parts += bar(Double(used) / Double(memory.totalBytes), width: 12)
        }
        let third: Line
        if let trouble = model.trouble {
            third = [StyledText(trouble, .bad)]
        } else if let problem = status.problems.first {
            let others = status.problems.count > 1 ? " (and \(status.problems.count - 1) more: `lxcfsctl status`)" : ""
            third = [StyledText("problem: ", .warning), "\(problem.text)\(others)"]
        } else {
            third = ""
        }
        return [spread(first, time, size), second, third]
    }

    private static func table<Row>(
        _ model: TopModel, _ size: TerminalSize, _ room: Int, _ columns: [TopColumn<Row>], _ rows: [Row]
    ) -> [Line] {
        guard room > 0 else { return [] }
        var title = Line([])
        for column in columns { title.parts += column.cell(StyledText(column.title)).parts }
        let titles = Line([StyledText(title.fitted(width: size.columns).text, .reverse)])
        let nothing: [Line] = model.sample != nil && rows.isEmpty ? [ContainersCommand.nothing] : []
        // Rows may have gone since the last key.
        let start = min(model.scroll, max(0, rows.count - 1))
        return [titles] + (nothing + rows.dropFirst(start).map { row in Line(columns.flatMap { $0.cell(row) }) }).prefix(room - 1)
    }

    private static func foot(_ model: TopModel, _ size: TerminalSize) -> Line {
        if model.page == .help { return [StyledText("any key: back   q: quit", .faint)] }
        let keys =
            model.page == .files
            ? "f containers  r reads  l latency  n name  h help  q quit"
            : "c CPU  m memory  l load  r reads  n name  f files  h help  q quit"
        let first = min(model.scroll + 1, model.rowCount)
        let last = min(model.rowCount, model.scroll + pageRows(size))
        return spread([StyledText(keys, .faint)], "\(first)-\(last) of \(model.rowCount)", size)
    }

    /// A line with something at its right end, where there is room for both.
    private static func spread(_ left: Line, _ right: String, _ size: TerminalSize) -> Line {
        let end = StyledText(right, .faint)
        let blanks = size.columns - left.width - end.width
        return blanks >= 1 ? left + [StyledText(String(repeating: " ", count: blanks)), end] : left
    }

    /// `[||||    ]`
    /// - Parameter share: 0 to 1; `nil` where nobody knows.
    static func bar(_ share: Double?, width: Int) -> [StyledText] {
        let room = max(0, width - 2)
        let share = share.map { $0.isFinite ? min(1, max(0, $0)) : 0 } ?? 0
        // Something is never shown as nothing.
        let filled = share > 0 ? max(1, Int((share * Double(room)).rounded())) : 0
        let style: Style = share >= 0.95 ? .bad : share >= 0.8 ? .warning : .good
        return [
            StyledText("[", .faint), StyledText(String(repeating: "|", count: min(room, filled)), style),
            StyledText(String(repeating: " ", count: max(0, room - filled))), StyledText("]", .faint),
        ]
    }

    private static let help: [Line] = [
        "",
        [StyledText("Containers", .strong)],
        "  CPU%     CPU time used since the last look; 100 is one CPU",
        "  OF LIMIT the same against the quota or, without one, the CPUs it is shown",
        "  MEMORY   what its tasks and its page cache use, of the memory it is shown",
        "  LOAD     of the last minute",
        "  READS/S  files of lxcfs that it read",
        "",
        [StyledText("Keys", .strong)],
        "  c m l r n       order by CPU, memory, load, reads, name",
        "  f               the files and how fast they are answered, or the containers",
        "  arrows, j, k    scroll; also page up and down, space, home, end, g, G",
        "  h, ?            this page",
        "  q               quit",
    ]
}
