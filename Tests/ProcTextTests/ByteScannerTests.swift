import ProcText
import Testing

@Suite("Scanning kernel text")
struct ByteScannerTests {
    private func scanner(_ text: String) -> ByteScanner { InputText(text).scanner }

    private func text(_ scanner: ByteScanner, _ range: Range<Int>?) -> String? {
        range.map { String(decoding: scanner.bytes[$0], as: UTF8.self) }
    }

    @Test(arguments: [
        ("0", 0), ("  42 kB", 42), ("\t7\n", 7), ("18446744073709551615", UInt64.max), ("18446744073709551616", UInt64.max),
        ("99999999999999999999999", UInt64.max), ("007x", 7),
    ])
    func readsDecimals(text: String, value: UInt64) {
        var scanner = scanner(text)
        #expect(scanner.decimal() == value)
    }

    @Test(arguments: ["", "-1", "max", "\n5", "+5"])
    func isNoDecimal(text: String) {
        var scanner = scanner(text)
        #expect(scanner.decimal() == nil)
    }

    @Test func wordsEndAtBlanksAndLines() {
        var scanner = scanner(" one\ttwo\nthree")
        #expect(text(scanner, scanner.word()) == "one")
        #expect(text(scanner, scanner.word()) == "two")
        #expect(scanner.word() == nil)
        scanner.skipLine()
        #expect(text(scanner, scanner.word()) == "three")
        #expect(scanner.word() == nil)
        #expect(scanner.isAtEnd)
    }

    @Test func upToStaysOnTheLine() {
        var scanner = scanner("label: 5\nother: 6")
        #expect(text(scanner, scanner.upTo(UInt8(ascii: ":"))) == "label")
        #expect(scanner.upTo(UInt8(ascii: ":")) == nil)
        #expect(scanner.decimal() == 5)
    }

    @Test func linesComeWithoutTheirNewline() {
        var lines = scanner("a\n\nb")
        var found: [String] = []
        while let line = lines.nextLine() { found.append(text(line, line.rest) ?? "") }
        #expect(found == ["a", "", "b"])
    }

    @Test func takesLiteralsWholeOrNotAtAll() {
        var scanner = scanner("cpu0 ")
        let taken = [scanner.skip(literal: "cpu1"), scanner.skip(literal: "cpu0 and more"), scanner.skip(literal: "cpu")]
        #expect(taken == [false, false, true])
        #expect(scanner.decimal() == 0)
    }

    @Test func aRangeOutsideTheBytesIsClamped() {
        var scanner = ByteScanner([49, 50], in: 1..<99)
        #expect(scanner.decimal() == 2)
        #expect(ByteScanner([], in: 5..<9).isAtEnd)
    }
}
