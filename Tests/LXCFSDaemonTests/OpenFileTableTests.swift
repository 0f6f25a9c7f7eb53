import FUSE
import LinuxSystem
import Testing

@testable import LXCFSDaemon

@Suite("Open files")
struct OpenFileTableTests {
    private let memory: WorkerMemory
    private let table: OpenFileTable
    private let shared: SharedMemory

    init() throws {
        shared = try SharedMemory(name: "lxcfs-test", count: WorkerMemory.byteCount)
        memory = WorkerMemory(in: shared.region(0..<shared.count))
        table = memory.openFiles
        _ = memory.takeOver()
    }

    @Test func keepsATextPerHandle() {
        let first = table.open(request: 1)
        let second = table.open(request: 2)
        #expect(first != second)
        table.keep([1], for: first, request: 3)
        table.keep([2], for: second, request: 4)
        #expect(table.text(of: first) == [1])
        #expect(table.text(of: second) == [2])
    }

    @Test func aClosedHandleFindsNothingEvenWhenItsPlaceIsUsedAgain() {
        let old = table.open(request: 1)
        table.keep([1], for: old, request: 2)
        table.close(old)
        let new = table.open(request: 3)
        #expect(table.text(of: old) == nil)
        table.keep([9], for: old, request: 4)
        #expect(table.text(of: new) == nil)
        table.close(old)
        table.keep([2], for: new, request: 5)
        #expect(table.text(of: new) == [2])
    }

    @Test(arguments: [0, 1, 0xffff_ffff, UInt64.max]) func aHandleOfNobodyFindsNothing(raw: UInt64) {
        table.keep([1], for: FileHandle(rawValue: raw), request: 1)
        #expect(table.text(of: FileHandle(rawValue: raw)) == nil)
        table.close(FileHandle(rawValue: raw))
        #expect(table.count == 0)
    }

    @Test func beyondTheCapacityHandlesFindNothing() {
        for id in 0..<StateGeometry().files { _ = table.open(request: UInt64(id)) }
        let beyond = table.open(request: .max)
        table.keep([1], for: beyond, request: 1)
        #expect(table.text(of: beyond) == nil)
        table.close(beyond)
        #expect(table.count == StateGeometry().files)
    }

    @Test func textsOfManyOpenFilesAreForgottenButTheNewestIsThere() {
        let text = [UInt8](repeating: 1, count: 1 << 20)
        var handles: [FileHandle] = []
        for id: UInt64 in 1...100 {
            let handle = table.open(request: id)
            handles.append(handle)
            table.keep(text + [2], for: handle, request: id)
            #expect(table.text(of: handle) == text + [2])
            #expect(table.bytes <= 32 << 20)
        }
        #expect(handles.filter { table.text(of: $0) != nil }.count >= 16)
        #expect(memory.counters[.forgottenTexts] > 0)
        for handle in handles { table.close(handle) }
        #expect(table.bytes == 0 && table.count == 0)
    }

    @Test func aTextThatFindsNoRoomIsNotKeptAndNeitherIsTheOneBefore() {
        let handle = table.open(request: 1)
        let other = table.open(request: 2)
        table.keep([1], for: handle, request: 3)
        table.keep([2], for: other, request: 4)
        table.keep([UInt8](repeating: 1, count: 33 << 20), for: handle, request: 5)
        #expect(table.text(of: handle) == nil)
        #expect(table.text(of: other) == [2], "nobody else's text is forgotten for one that cannot be kept")
        #expect(table.bytes == 1)
    }

    @Test(arguments: [0, 1, 983, 984, 985, 2008, 2009, 5000]) func aPartIsThatOfTheWholeText(length: Int) {
        let text = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let handle = table.open(request: 1)
        table.keep(text, for: handle, request: 2)
        for offset in [1, 100, 983, 984, 1500, 2008, 4999, 5000, 9000, Int.max] {
            for size in [0, 1, 1024, 5000, .max] {
                let expected = Array(text.dropFirst(offset).prefix(size))
                #expect(table.part(of: handle, from: UInt64(offset), size: size, request: 9) == expected, "\(offset), \(size)")
            }
        }
    }

    @Test func aReadFromTheStartIsRenderedUnlessItWasBefore() {
        let handle = table.open(request: 1)
        table.keep([5], for: handle, request: 2)
        #expect(table.part(of: handle, from: 0, size: 10, request: 3) == nil)
        #expect(table.part(of: handle, from: 0, size: 10, request: 0) == nil)
        #expect(table.part(of: handle, from: 0, size: 10, request: 2) == [5])
    }

    @Test func aReadThatAnotherFollowedGetsTheNewerText() {
        let handle = table.open(request: 1)
        for id: UInt64 in 2...6 { table.keep([UInt8(id)], for: handle, request: id) }
        // Whoever sent the last four is answered already, or does not mind.
        for id: UInt64 in 3...6 { #expect(table.part(of: handle, from: 0, size: 10, request: id) == [6]) }
        #expect(table.part(of: handle, from: 0, size: 10, request: 2) == nil)
    }

    @Test func beforeTheMemoryIsTakenOverNothingIsKept() {
        let table = WorkerMemory(in: shared.region(0..<shared.count)).openFiles
        let handle = table.open(request: 1)
        #expect(handle.rawValue == 0)
        table.keep([1], for: handle, request: 2)
        table.close(handle)
        #expect(table.part(of: handle, from: 1, size: 1, request: 2) == nil)
        #expect(table.count == 0)
    }

    @Test func memoryOfManyTextsIsGivenBack() throws {
        let handles = (0..<20).map { table.open(request: UInt64($0)) }
        for handle in handles { table.keep([UInt8](repeating: 1, count: 1 << 20), for: handle, request: 1) }
        table.keep([7], for: handles[0], request: 2)
        let before = try shared.usedBytes()
        for handle in handles.dropFirst() { table.close(handle) }
        memory.returnFreeMemory()
        #expect(try shared.usedBytes() < before - (15 << 20))
        #expect(table.text(of: handles[0]) == [7])
    }
}

extension OpenFileTable {
    /// The whole text, which a READ of number 1 to 200 made; `nil` where none is kept.
    func text(of handle: FileHandle) -> [UInt8]? {
        guard let rest = part(of: handle, from: 1, size: .max, request: 0) else { return nil }
        for id: UInt64 in 1...200 {
            if let first = part(of: handle, from: 0, size: 1, request: id) { return first + rest }
        }
        return rest
    }
}
