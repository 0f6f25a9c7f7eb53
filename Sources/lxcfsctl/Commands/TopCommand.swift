internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// `lxcfsctl top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show the containers live: CPU, memory, load, reads.",
        discussion: """
            Keys: c, m, l, r, n order by CPU, memory, load, reads, name; f shows the files and how fast they are answered; arrows, j and k \
            scroll; h explains; q quits. Where standard output is no terminal, or one that cannot move its cursor (TERM=dumb), it prints one table, of what \
            happened within one interval.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("How often to look, from 0.1 to 3600.", valueName: "seconds"))
    var interval = 1.0

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("--interval is a number of seconds from 0.1 to 3600.") }
    }

    func run() throws {
        let nanoseconds = UInt64(interval * 1e9)
        if options.json || !FullScreenTerminal.isThere || Output.isTerminalDumb { return try TopTable(nanoseconds).print(options) }
        do throws(Errno) {
            try TopLoop.run(socket: options.socketPath, interval: nanoseconds)
        } catch {
            throw Failure("the terminal cannot be used: \(error)")
        }
    }
}

/// The screen, the keys and the signals.
enum TopLoop {
    /// Until somebody ends it. The terminal is as before when this returns, or throws.
    static func run(socket: String, interval: UInt64) throws(Errno) {
        let signals = try SignalQueue(TerminalSignals.endingUnlessIgnored + [TerminalSignals.resized, TerminalSignals.suspending])
        let sampler = try TopSampler(socket: socket, interval: interval)
        try sampler.start()
        defer { sampler.end() }
        let terminal = try FullScreenTerminal()
        var model = TopModel()
        while true {
            let size = TerminalSize.ofOutput ?? TerminalSize(columns: 80, rows: 24)
            let inColour = Output.hasColours()
            let lines = TopScreen.lines(model, size, now: Clock.realtimeMilliseconds, socket: socket)
            try terminal.show(lines.map { $0.rendered(inColour: inColour) })

            var waiting = PollSet()
            for descriptor in [signals.descriptor, sampler.descriptor, terminal.descriptor] { waiting.add(descriptor) }
            // The clock goes on while nothing comes.
            waiting.wait(nanoseconds: 1_000_000_000)
            while let signal = signals.next() {
                if TerminalSignals.ending.contains(signal.signal) { return }
                if signal.signal == TerminalSignals.suspending { terminal.suspend() }
            }
            for outcome in sampler.take() {
                switch outcome {
                case .sample(let sample): model.take(sample)
                case .trouble(let failure): model.take(trouble: failure.sentence)
                }
            }
            guard waiting.hasInput(terminal.descriptor) else { continue }
            guard let keys = terminal.keys() else { return }
            for key in TopKey.keys(in: keys) where !model.press(key, pageRows: TopScreen.pageRows(size)) { return }
        }
    }
}

/// What happened within one interval, as one table or JSON.
struct TopTable {
    private struct Row: Encodable {
        let container: Container
        let cpuPercent: Double?
        let readsPerSecond: Double?
    }

    private struct File: Encodable {
        let statistics: FileStatistics
        let readsPerSecond: Double?
    }

    private struct Report: Encodable {
        let containers: [Row]
        let files: [File]
        let readsPerSecond: Double?
    }

    private let interval: UInt64

    init(_ interval: UInt64) {
        self.interval = interval
    }

    func print(_ options: GlobalOptions) throws(Failure) {
        var model = TopModel()
        do throws(ClientError) {
            let client = options.client()
            model.take(try TopSampler.sample(client))
            Clock.sleep(until: Clock.monotonic + interval)
            model.take(try TopSampler.sample(client))
        } catch {
            throw Failure(error, socket: options.socketPath)
        }
        if options.json {
            return try Output.print(
                json: Report(
                    containers: model.rows.map {
                        Row(container: $0.container, cpuPercent: $0.cpus.map { $0 * 100 }, readsPerSecond: $0.readsPerSecond)
                    },
                    files: model.files.map { File(statistics: $0.statistics, readsPerSecond: $0.readsPerSecond) },
                    readsPerSecond: model.rates?.readsPerSecond))
        }
        try Output.print(TopTable.table(of: model.rows).lines())
    }

    static func table(of rows: [TopRates.Row]) -> Table {
        var table = Table([
            .init("NAME"), .init("RUNTIME"), .number("CPU%"), .number("OF LIMIT"), .number("MEMORY"), .number("OF"), .number("MEM%"),
            .number("LOAD"), .number("READS/S"), .init("ID"),
        ])
        func percent(_ share: Double?) -> StyledText { StyledText(share.map { Units.decimal($0 * 100, 1) } ?? "-") }
        for row in rows {
            let container = row.container
            table.add([
                StyledText(container.name, .strong), "\(container.runtime)", percent(row.cpus), percent(row.cpuShare),
                StyledText(Units.bytes(container.memoryUsageBytes), container.memoryStyle), "\(Units.bytes(container.memoryTotalBytes))",
                percent(row.memoryShare), StyledText(container.load1.map { Units.decimal($0, 2) } ?? "-"),
                StyledText(row.readsPerSecond.map { Units.decimal($0, 1) } ?? "-"), container.shortID,
            ])
        }
        return table
    }
}
