/// Rows whose columns stand below one another.
struct Table {
    struct Column {
        let title: String
        let isNumber: Bool

        init(_ title: String) {
            self.title = title
            isNumber = false
        }

        /// Aligned to the right.
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }

        private init(title: String, isNumber: Bool) {
            self.title = title
            self.isNumber = isNumber
        }
    }

    private let columns: [Column]
    private var rows: [[StyledText]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Whether it has no rows.
    var isEmpty: Bool { rows.isEmpty }

    /// One cell for each column.
    mutating func add(_ cells: [StyledText]) {
        rows.append(cells)
    }

    /// The lines, the titles' first unless all are empty. The last column is not filled up.
    /// - Parameter indent: blanks before each line.
    func lines(indent: Int = 0) -> [Line] {
        let widths = columns.indices.map { index in
            rows.reduce(StyledText(columns[index].title).width) { max($0, index < $1.count ? $1[index].width : 0) }
        }
        let titles = columns.map { StyledText($0.title, .faint) }
        let hasTitles = columns.contains { !$0.title.isEmpty }
        return ((hasTitles ? [titles] : []) + rows).map { cells in
            var line = Line([StyledText(String(repeating: " ", count: indent))])
            for (index, cell) in cells.prefix(columns.count).enumerated() {
                let isLast = index == min(cells.count, columns.count) - 1
                let blanks = StyledText(String(repeating: " ", count: max(0, widths[index] - cell.width)))
                if columns[index].isNumber { line.parts.append(blanks) }
                line.parts.append(cell)
                if isLast { break }
                if !columns[index].isNumber { line.parts.append(blanks) }
                line.parts.append("  ")
            }
            while let last = line.parts.last, last.text.allSatisfy({ $0 == " " }) { line.parts.removeLast() }
            return line
        }
    }
}
