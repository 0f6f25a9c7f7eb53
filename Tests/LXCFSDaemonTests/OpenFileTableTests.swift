import FUSE
import Testing

@testable import LXCFSDaemon

@Suite("Open files")
struct OpenFileTableTests {
    @Test func keepsATextPerHandle() {
        let table = OpenFileTable()
        let first = table.open()
        let second = table.open()
        #expect(first != second)
        table.keep([1], for: first)
        table.keep([2], for: second)
        #expect(table.text(of: first) == [1])
        #expect(table.text(of: second) == [2])
    }

    @Test func aClosedHandleFindsNothingEvenWhenItsPlaceIsUsedAgain() {
        let table = OpenFileTable()
        let old = table.open()
        table.keep([1], for: old)
        table.close(old)
        let new = table.open()
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

    @Test func beyondTheCapacityHandlesFindNothing() {
        let table = OpenFileTable()
        for _ in 0..<OpenFileTable.capacity { _ = table.open() }
        let beyond = table.open()
        table.keep([1], for: beyond)
        #expect(table.text(of: beyond) == nil)
        table.close(beyond)
        #expect(table.count == OpenFileTable.capacity)
    }

    @Test func textsOfManyOpenFilesAreForgottenButTheNewestIsThere() {
        let table = OpenFileTable()
        let text = [UInt8](repeating: 1, count: 1 << 20)
        var handles: [FileHandle] = []
        for _ in 0..<100 {
            handles.append(table.open())
            // A text of its own for each, as rendering makes it.
            table.keep(text + [2], for: handles[handles.count - 1])
            #expect(table.text(of: handles[handles.count - 1]) != nil)
            #expect(table.bytes <= OpenFileTable.mostBytes)
        }
        #expect(handles.filter { table.text(of: $0) != nil }.count >= 16)
        for handle in handles { table.close(handle) }
        #expect(table.bytes == 0 && table.count == 0)
    }

    @Test func oneTextThatIsLongerThanAllThatIsKeptIsKept() {
        let table = OpenFileTable()
        let handle = table.open()
        table.keep([UInt8](repeating: 1, count: OpenFileTable.mostBytes + 1), for: handle)
        #expect(table.text(of: handle) != nil)
    }
}
