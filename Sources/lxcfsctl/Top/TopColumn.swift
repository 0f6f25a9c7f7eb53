internal import LXCFSControl

/// A column of a table on the screen: of a fixed width, with a blank behind it.
struct TopColumn<Row> {
    let title: String
    let width: Int
    let isNumber: Bool
    /// Columns with a higher number go first where the terminal is narrow.
    let rank: Int
    let text: (Row) -> [StyledText]

    init(_ title: String, _ width: Int, isNumber: Bool = true, rank: Int, _ text: @escaping (Row) -> [StyledText]) {
        self.title = title
        self.width = width
        self.isNumber = isNumber
        self.rank = rank
        self.text = text
    }

    func cell(_ row: Row) -> [StyledText] { cell(parts: text(row)).parts }

    func cell(_ text: StyledText) -> Line { cell(parts: [text]) }

    private func cell(parts: [StyledText]) -> Line {
        let cut = Line(parts).prefix(width: width)
        let blanks = Line([StyledText(String(repeating: " ", count: max(0, width - cut.width)))])
        return (isNumber ? blanks + cut : cut + blanks) + " "
    }

    /// Those that fit; the first gets what is left over.
    private static func fitting(_ columns: [TopColumn], width: Int, widestFirst: Int) -> [TopColumn] {
        var kept = columns
        while kept.count > 1, kept.reduce(0, { $0 + $1.width + 1 }) > width {
            guard let last = kept.indices.dropFirst().max(by: { kept[$0].rank < kept[$1].rank }) else { break }
            kept.remove(at: last)
        }
        guard let first = kept.first else { return [] }
        let left = width - kept.reduce(0) { $0 + $1.width + 1 }
        kept[0] = TopColumn(
            first.title, min(max(first.width + left, 1), widestFirst), isNumber: first.isNumber, rank: first.rank, first.text)
        return kept
    }
}

extension TopColumn where Row == TopRates.Row {
    static func containers(width: Int) -> [TopColumn] {
        fitting(
            [
                TopColumn("NAME", 14, isNumber: false, rank: 0) { [StyledText($0.container.name, .strong)] },
                TopColumn("RUNTIME", 10, isNumber: false, rank: 8) { [StyledText($0.container.runtime)] },
                TopColumn("CPU%", 6, rank: 1) { [StyledText($0.cpus.map { Units.decimal($0 * 100, 1) } ?? "-")] },
                TopColumn("OF LIMIT", 12, isNumber: false, rank: 5) { TopScreen.bar($0.cpuShare, width: 12) },
                TopColumn("MEMORY", 8, rank: 2) { [StyledText(Units.bytes($0.container.memoryUsageBytes), $0.container.memoryStyle)] },
                TopColumn("OF", 8, rank: 4) { [StyledText(Units.bytes($0.container.memoryTotalBytes))] },
                TopColumn("", 12, isNumber: false, rank: 6) { TopScreen.bar($0.memoryShare, width: 12) },
                TopColumn("LOAD", 6, rank: 3) { [StyledText($0.container.load1.map { Units.decimal($0, 2) } ?? "-")] },
                TopColumn("READS/S", 8, rank: 7) { [StyledText($0.readsPerSecond.map { Units.decimal($0, $0 < 9.95 ? 1 : 0) } ?? "-")] },
                TopColumn("ID", 12, isNumber: false, rank: 9) { [StyledText($0.container.shortID.text, .faint)] },
            ], width: width, widestFirst: 40)
    }
}

extension TopColumn where Row == TopRates.File {
    static func files(width: Int) -> [TopColumn] {
        func latency(_ title: String, rank: Int, _ value: @escaping (FileStatistics) -> Int64?) -> TopColumn {
            TopColumn(title, 8, rank: rank) { [StyledText(value($0.statistics).map(Units.latency) ?? "-")] }
        }
        return fitting(
            [
                TopColumn("FILE", 16, isNumber: false, rank: 0) { [StyledText($0.statistics.file, .strong)] },
                TopColumn("READS/S", 8, rank: 1) { [StyledText($0.readsPerSecond.map { Units.decimal($0, $0 < 9.95 ? 1 : 0) } ?? "-")] },
                TopColumn("READS", 12, rank: 5) { [StyledText(Units.grouped($0.statistics.reads))] },
                TopColumn("ERRORS", 7, rank: 4) { file in
                    [StyledText(Units.grouped(file.statistics.errors), file.statistics.errors == 0 ? .plain : .warning)]
                },
                latency("P50", rank: 2) { $0.p50Nanoseconds },
                latency("P90", rank: 6) { $0.p90Nanoseconds },
                latency("P99", rank: 3) { $0.p99Nanoseconds },
                latency("MAX", rank: 7) { $0.maxNanoseconds },
            ], width: width, widestFirst: 40)
    }
}
