import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("Tables and columns")
struct TableTests {
    @Test func columnsStandBelowOneAnother() {
        var table = Table([.init("NAME"), .number("READS"), .init("STATE")])
        table.add(["a", "5", "ok"])
        table.add(["long-name", "12,345", ""])
        table.add(["コン", "7", "x"])
        #expect(
            table.lines(indent: 2).map(\.text) == [
                "  NAME        READS  STATE", "  a               5  ok", "  long-name  12,345", "  コン            7  x",
            ])
    }

    @Test func aRowMayBeShorterThanTheTable() {
        var table = Table([.init(""), .init("")])
        table.add(["only"])
        table.add([])
        #expect(table.lines().map(\.text) == ["only", ""], "no titles, no line for them")
    }

    @Test func aLineIsCutAtColumnsNotCharacters() {
        let line: Line = ["ab", StyledText("コンテナ", .bad), "x"]
        #expect(line.width == 11)
        #expect(line.prefix(width: 5).text == "abコ", "half a character is not shown")
        #expect(line.fitted(width: 5).width == 5)
        #expect(line.prefix(width: 0).text.isEmpty)
        #expect(line.fitted(width: 12).text == "abコンテナx ")
        #expect(StyledText("e\u{301}").width == 1)
    }

    @Test func viewsStandSideBySideWhereThereIsRoom() {
        let view = View(file: "proc/x", container: "a\t1\nsame\n", host: "a\t22\nsame\nmore\n")
        #expect(
            SideBySide.lines(of: view, width: 80).map { $0.text } == [
                "proc/x", "the container   the host", "a       1     | a       22", "same            same", "              | more",
            ])
        #expect(SideBySide.lines(of: view, width: 20).map(\.text).contains("the host"))
        let wide = View(
            file: "f", container: String(repeating: "a", count: 100), host: String(repeating: "b", count: 100) + "\nx")
        #expect(SideBySide.lines(of: wide, width: 80).allSatisfy { $0.width <= 80 })
        #expect(SideBySide.lines(of: wide, width: 80)[2].text.hasSuffix("b>"))
        #expect(SideBySide.lines(of: wide, width: nil)[2].width == 203, "nothing is cut where there is no terminal")
        #expect(SideBySide.lines(of: View(file: "f", container: "x\n", host: "x\n"), width: 80).last?.text == "x")
        #expect(SideBySide.lines(of: View(file: "f", problem: "it is gone"), width: 80).map(\.text) == ["f", "it is gone"])
    }

    @Test(arguments: [
        ("proc/meminfo", "MemTotal:  262144 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n", "256 MiB, 1.0 MiB available"),
        ("proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n", "2 CPUs"), ("proc/stat", "cpu  1\ncpu0 1\nintr 5\n", "1 CPU"),
        ("proc/uptime", "185.30 1.0\n", "up 3 min 5 s"), ("proc/uptime", "nan\n", "nan"), ("proc/swaps", "Filename\n", "no swap"),
        ("proc/swaps", "Filename\nnone virtual 1024 0 -2\n", "1.0 MiB"), ("sys/devices/system/cpu/online", "0-3\n", "0-3"),
        ("proc/diskstats", "a\nb\n", "2 lines"), ("proc/diskstats", "", "empty"),
    ])
    func aViewIsSummedUpInAFewWords(file: String, text: String, summary: String) {
        #expect(ViewSummary.of(text, file: file) == summary)
    }
}
