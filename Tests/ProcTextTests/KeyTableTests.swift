import ProcText
import Testing

@Suite("Keys of kernel files")
struct KeyTableTests {
    private func number(_ table: KeyTable, _ key: String) -> Int? {
        let bytes = Array("xx\(key)yy".utf8)
        return table.number(of: bytes, in: 2..<(bytes.count - 2))
    }

    @Test func findsEveryKeyAndNoOther() {
        let names = (0..<500).map { "key_\($0 * 7)" }
        let table = KeyTable(names)
        for (index, name) in names.enumerated() { #expect(number(table, name) == index) }
        for index in 0..<500 { #expect(number(table, "key_\(index * 7 + 1)") == nil) }
        #expect(number(table, "") == nil)
    }

    @Test func aPrefixOfAKeyIsAnotherKey() {
        let table = KeyTable(["file", "file_mapped"])
        #expect(number(table, "file") == 0)
        #expect(number(table, "file_mapped") == 1)
        #expect(number(table, "file_") == nil)
        #expect(number(table, "fil") == nil)
    }

    @Test func theFirstOfTwoEqualKeysCounts() {
        #expect(number(KeyTable(["a", "b", "a"]), "a") == 0)
    }

    @Test func aRangeOutsideTheBytesFindsNothing() {
        let table = KeyTable(["a"])
        #expect(table.number(of: [97], in: 0..<2) == nil)
        #expect(table.number(of: [], in: 0..<0) == nil)
        #expect(KeyTable([]).number(of: [97], in: 0..<1) == nil)
    }
}
