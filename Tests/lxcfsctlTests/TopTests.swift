import LXCFSControl
import LinuxSystem
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl top")
struct TopTests {
    private func sample(_ seconds: UInt64, _ containers: [Container], _ status: GetStatus.Reply = Samples.status()) -> TopSample {
        TopSample(
            time: seconds * 1_000_000_000, status: status, containers: containers,
            memory: SystemMemory(totalBytes: 8 << 30, availableBytes: 2 << 30))
    }

    /// Two containers; `b` uses more CPU, `a` reads more.
    private func model() -> TopModel {
        var model = TopModel()
        model.take(sample(10, [Samples.container("a", cpu: 1_000_000), Samples.container("b", cpu: 0, cpuLimitMillis: 1000)]))
        let later = Samples.status(
            reads: 1100, files: [Samples.file("proc/meminfo", reads: 20, p99: 2_000_000), Samples.file("proc/stat", reads: 130, p99: nil)])
        model.take(
            sample(
                12,
                [
                    Samples.container("a", cpu: 1_500_000, load: 2, reads: 40),
                    Samples.container("b", cpu: 1_600_000, cpuLimitMillis: 1000, memory: 250 << 20, load: 1, reads: 10),
                ], later))
        return model
    }

    private func lines(_ model: TopModel, _ columns: Int = 120, _ rows: Int = 24) -> [String] {
        TopScreen.lines(model, TerminalSize(columns: columns, rows: rows), now: 10_000_000, socket: "/run/s").map(\.text)
    }

    private func pressing(_ keys: String, _ model: TopModel) -> TopModel {
        var model = model
        for key in keys { _ = model.press(.character(key), pageRows: 10) }
        return model
    }

    @Test func ratesAreDifferencesOverTime() throws {
        let rates = try #require(model().rates)
        #expect(rates.rows.map(\.cpus) == [0.25, 0.8])
        #expect(rates.rows.map(\.cpuShare) == [0.125, 0.8], "of two CPUs, of the quota")
        #expect(rates.rows.map(\.readsPerSecond) == [20, 5])
        #expect(rates.files.map(\.readsPerSecond) == [5, 50])
        #expect(rates.readsPerSecond == 50)
    }

    @Test func theFirstSampleHasNoRates() {
        let rates = TopRates(sample(10, [Samples.container("a")]), since: nil)
        #expect(rates.rows.map(\.cpus) == [nil] && rates.readsPerSecond == nil)
    }

    @Test func aCounterThatWentBackHasNoRate() {
        let before = sample(10, [Samples.container("a", cpu: 500, reads: 50)])
        let after = sample(11, [Samples.container("a", cpu: 400, reads: 40)], Samples.status(reads: 5))
        let rates = TopRates(after, since: before)
        #expect(rates.rows.map(\.cpus) == [nil] && rates.rows.map(\.readsPerSecond) == [nil] && rates.readsPerSecond == nil)
    }

    @Test func theReadsOfAnotherWorkerAreNotCompared() {
        let before = sample(10, [Samples.container("a", cpu: 0, reads: 50)])
        let rates = TopRates(
            sample(11, [Samples.container("a", cpu: 1_000_000, reads: 90)], Samples.status(generation: 4, reads: 1500)), since: before)
        #expect(rates.rows.map(\.readsPerSecond) == [nil] && rates.files.map(\.readsPerSecond) == [nil, nil])
        #expect(rates.rows.map(\.cpus) == [1] && rates.readsPerSecond == 500, "those are not counted by the worker")
    }

    @Test func anotherContainerOfTheSameIDIsNotCompared() {
        let rates = TopRates(
            sample(11, [Samples.container("a", startedAt: 7, cpu: 900)]), since: sample(10, [Samples.container("a", startedAt: 5, cpu: 5)]))
        #expect(rates.rows.map(\.cpus) == [nil])
    }

    @Test func showsTheDaemonAndTheContainersByCPU() {
        let lines = lines(model())
        #expect(lines[0].hasPrefix("lxcfs 1.2.3 healthy, generation 3, up 2 h 30 min"))
        #expect(lines[1].hasPrefix("2 containers, 50 reads/s, 0 errors, host memory 6.0 GiB of 8.0 GiB [||||||||  ]"))
        #expect(lines[3].split(separator: " ").joined(separator: " ") == "NAME RUNTIME CPU% OF LIMIT MEMORY OF LOAD READS/S ID")
        #expect(lines[4].hasPrefix("b ") && lines[4].contains(" 80.0 [||||||||  ]  250 MiB  256 MiB [||||||||||]   1.00      5.0 b"))
        #expect(lines[5].hasPrefix("a ") && lines[5].contains(" 25.0 [|         ]   64 MiB"))
        #expect(lines.last?.hasPrefix("c CPU  m memory") == true && lines.last?.contains("1-2 of 2") == true)
    }

    @Test(arguments: [("c", "b"), ("m", "b"), ("l", "a"), ("r", "a"), ("n", "a"), ("lc", "b")])
    func aKeySorts(keys: String, first: String) {
        #expect(lines(pressing(keys, model()))[4].hasPrefix(first + " "))
    }

    @Test func theFilesAreThePageBehindF() {
        let files = lines(pressing("f", model()))
        #expect(files[3].hasPrefix("FILE ") && files[4].hasPrefix("proc/stat ") && files[5].hasPrefix("proc/meminfo "))
        #expect(files[4].contains(" 50 ") && files[5].contains("500 us") && files[5].contains("2.0 ms"))
        #expect(lines(pressing("fl", model()))[4].hasPrefix("proc/meminfo "), "by latency")
        #expect(lines(pressing("ff", model()))[3].hasPrefix("NAME "))
    }

    @Test func helpIsLeftByAnyKeyToWhereItWasAskedFor() {
        #expect(lines(pressing("fh", model())).contains { $0.contains("OF LIMIT the same against the quota") })
        #expect(lines(pressing("fhx", model()))[3].hasPrefix("FILE "))
    }

    @Test func qEndsItOnEveryPage() {
        for page in ["", "f", "h"] {
            var model = pressing(page, model())
            let goesOn = model.press(.character("q"), pageRows: 10)
            #expect(!goesOn)
        }
    }

    @Test func scrollingStaysWithinTheRows() {
        var model = TopModel()
        model.take(sample(1, (0..<100).map { Samples.container("c\($0 + 100)") }))
        let press = { (key: TopKey) in _ = model.press(key, pageRows: 10) }
        press(.up)
        #expect(model.scroll == 0)
        press(.down)
        press(.pageDown)
        #expect(lines(model)[4].hasPrefix("c111 ") && lines(model, 120, 15).last?.contains("12-21 of 100") == true)
        press(.end)
        #expect(model.scroll == 90, "the last page is full")
        press(.pageDown)
        press(.character("k"))
        #expect(model.scroll == 89)
        model.take(sample(2, [Samples.container("c100")]))
        #expect(lines(model)[4].hasPrefix("c100 "), "the rows went, the last one is shown")
        press(.home)
        #expect(model.scroll == 0)
    }

    @Test func everyScreenIsFilledExactly() {
        var evil = TopModel()
        evil.take(
            sample(1, [Samples.container("コンテナ\u{1b}[2J", of: 0), Samples.container(String(repeating: "x", count: 500), load: .nan)]))
        var gone = model()
        gone.take(trouble: "no lxcfs is running")
        let models = [TopModel(), model(), evil, gone, pressing("f", model()), pressing("h", model())]
        for model in models {
            for columns in [1, 2, 7, 20, 33, 57, 80, 121, 400] {
                for rows in [1, 2, 3, 4, 5, 6, 24, 90] {
                    let lines = TopScreen.lines(model, TerminalSize(columns: columns, rows: rows), now: 0, socket: "/run/s")
                    #expect(lines.count == rows)
                    #expect(lines.allSatisfy { $0.width == columns }, "\(columns)x\(rows): \(lines.map(\.text))")
                }
            }
        }
    }

    @Test func aNarrowTerminalKeepsWhatMattersMost() {
        let titles = lines(model(), 40)[3]
        #expect(titles.contains("NAME") && titles.contains("CPU%") && titles.contains("MEMORY"))
        #expect(!titles.contains("RUNTIME") && !titles.contains("ID"))
    }

    @Test func aDaemonThatWentAwayIsSaidToHaveAndItsLastWordsStay() {
        var model = model()
        model.take(trouble: "no lxcfs is running at /run/s")
        let shown = lines(model)
        #expect(shown[0].contains("no answer") && shown[2].hasPrefix("no lxcfs is running at /run/s") && shown[4].hasPrefix("b "))
        model.take(sample(20, []))
        #expect(lines(model)[0].contains("healthy") && lines(model)[4].contains("no container"))
    }

    @Test func aProblemIsShown() {
        var model = TopModel()
        model.take(sample(1, [], Samples.status(.degraded, problems: [Problem(text: "swap is off", remedy: "turn it on")])))
        #expect(lines(model)[0].contains("degraded") && lines(model)[2].hasPrefix("problem: swap is off"))
    }

    @Test(arguments: [
        ("q", [TopKey.character("q")]), ("\u{1b}[A\u{1b}[B", [.up, .down]), ("\u{1b}OA", [.up]),
        ("\u{1b}[5~\u{1b}[6~", [.pageUp, .pageDown]),
        ("\u{1b}[1;5A", [.up]), ("\u{1b}[H\u{1b}[4~", [.home, .end]), ("\u{1b}", [.escape]), ("\u{1b}[", []),
        ("\u{1b}[99~x", [.character("x")]),
        ("\u{3}\u{0}ü", []),
    ])
    func keysAreFoundInWhatTheTerminalSends(text: String, keys: [TopKey]) {
        #expect(TopKey.keys(in: Array(text.utf8)) == keys)
    }

    @Test func aBarIsNeverLongerThanItsRoom() {
        let shares: [Double?] = [nil, 0, 0.001, 0.5, 1, 7, -3, .nan, .infinity]
        #expect(shares.map { Line(TopScreen.bar($0, width: 12)).width } == shares.map { _ in 12 })
        #expect(Line(TopScreen.bar(0.001, width: 12)).text == "[|         ]")
    }
}
