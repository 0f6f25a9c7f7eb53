import FUSE
import Testing

@testable import LXCFSDaemon

@Suite("Open files")
struct OpenFileTableTests {
    @Test func keepsATextPerHandle() throws {
        let table = OpenFileTable()
        let first = try #require(table.open())
        let second = try #require(table.open())
        #expect(first != second)
        table.keep([1], for: first)
        table.keep([2], for: second)
        #expect(table.text(of: first) == [1])
        #expect(table.text(of: second) == [2])
    }

    @Test func aClosedHandleFindsNothingEvenWhenItsPlaceIsUsedAgain() throws {
        let table = OpenFileTable()
        let old = try #require(table.open())
        table.keep([1], for: old)
        table.close(old)
        let new = try #require(table.open())
        #expect(table.text(of: old) == nil)
        table.keep([9], for: old)
        #expect(table.text(of: new) == nil)
        table.close(old)
        table.keep([2], for: new)
        #expect(table.text(of: new) == [2])
    }

    @Test(arguments: [0, 1, 0xffff_ffff, UInt64.max]) func aHandleOfNobodyFindsNothing(raw: UInt64) {
        let table = OpenFileTable()
        table.keep([1], for: FileHandle(rawValue: raw))
        #expect(table.text(of: FileHandle(rawValue: raw)) == nil)
        table.close(FileHandle(rawValue: raw))
        #expect(table.count == 0)
    }

    @Test func thereIsAnEnd() {
        let table = OpenFileTable()
        for _ in 0..<OpenFileTable.capacity { #expect(table.open() != nil) }
        #expect(table.open() == nil)
        #expect(table.count == OpenFileTable.capacity)
    }
}
