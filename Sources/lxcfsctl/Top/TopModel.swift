internal import LXCFSControl

/// What is shown, and how: changed by samples and keys, drawn by `TopScreen`.
struct TopModel {
    enum Page {
        case containers, files, help
    }

    enum Order {
        case cpu, memory, load, reads, name

        /// In the words of the screen.
        var title: String {
            switch self {
            case .cpu: "CPU"
            case .memory: "memory"
            case .load: "load"
            case .reads: "reads"
            case .name: "name"
            }
        }
    }

    private(set) var page = Page.containers
    private(set) var order = Order.cpu
    /// How many rows are scrolled away.
    private(set) var scroll = 0
    private(set) var sample: TopSample?
    private(set) var rates: TopRates?
    /// Why there is no newer sample.
    private(set) var trouble: String?
    /// The page that help was asked for from.
    private var pageBeforeHelp = Page.containers

    mutating func take(_ new: TopSample) {
        trouble = nil
        rates = TopRates(new, since: sample)
        sample = new
    }

    /// The daemon does not answer; what it said last stays in sight.
    mutating func take(trouble sentence: String) {
        trouble = sentence
    }

    /// Does what a key means.
    /// - Parameter pageRows: rows in sight.
    /// - Returns: whether to go on.
    mutating func press(_ key: TopKey, pageRows: Int) -> Bool {
        if page == .help {
            if key == .character("q") { return false }
            page = pageBeforeHelp
            return true
        }
        switch key {
        case .character("q"), .character("Q"): return false
        case .character("h"), .character("?"):
            pageBeforeHelp = page
            page = .help
        case .character("f"):
            page = page == .files ? .containers : .files
            scroll = 0
        case .character("c"): sort(.cpu)
        case .character("m"): sort(.memory)
        case .character("l"): sort(.load)
        case .character("r"): sort(.reads)
        case .character("n"): sort(.name)
        case .up, .character("k"): scroll(by: -1, pageRows)
        case .down, .character("j"): scroll(by: 1, pageRows)
        case .pageUp: scroll(by: -pageRows, pageRows)
        case .pageDown, .character(" "): scroll(by: pageRows, pageRows)
        case .home, .character("g"): scroll = 0
        case .end, .character("G"): scroll(by: rowCount, pageRows)
        default: break
        }
        return true
    }

    /// Not further than until the last row is in sight.
    private mutating func scroll(by rows: Int, _ pageRows: Int) {
        scroll = min(max(0, scroll + rows), max(0, rowCount - max(1, pageRows)))
    }

    private mutating func sort(_ new: Order) {
        order = new
        scroll = 0
    }

    /// Rows of the page.
    var rowCount: Int {
        switch page {
        case .containers: rates?.rows.count ?? 0
        case .files: rates?.files.count ?? 0
        case .help: 0
        }
    }

    /// The containers in their order; equal ones by name, so that they do not jump.
    var rows: [TopRates.Row] {
        let rows = rates?.rows ?? []
        let value: (TopRates.Row) -> Double
        switch order {
        case .cpu: value = { $0.cpus ?? -1 }
        case .memory: value = { Double($0.container.memoryUsageBytes) }
        case .load: value = { $0.container.load1 ?? -1 }
        case .reads: value = { $0.readsPerSecond ?? -1 }
        case .name: value = { _ in 0 }
        }
        return rows.sorted { first, second in
            (value(second), first.container.name, first.container.id) < (value(first), second.container.name, second.container.id)
        }
    }

    /// The files in their order: by reads, by latency (the key of load), or by name.
    var files: [TopRates.File] {
        let value: (TopRates.File) -> Double
        switch order {
        case .name: value = { _ in 0 }
        case .load: value = { Double($0.statistics.p99Nanoseconds ?? -1) }
        default: value = { $0.readsPerSecond ?? -1 }
        }
        return (rates?.files ?? []).sorted { (value($1), $0.statistics.file) < (value($0), $1.statistics.file) }
    }
}
