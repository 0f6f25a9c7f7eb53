internal import FUSE
internal import Synchronization

/// The open files and the text that each of them was last given.
///
/// A handle is an index into the table with the generation of that place, never a pointer: a handle that was given by
/// a predecessor of this process, or twice released, finds nothing, and its file is rendered again.
///
/// So is that of a file whose text was forgotten: one container that opens and reads as many files as it can must cost neither memory without
/// end nor the others their answers.
final class OpenFileTable: Sendable {
    /// Files that a text is kept for at once, of all containers together.
    static let capacity = 1 << 16
    /// Bytes of text that are kept at once. Beyond, the text is forgotten of the place that was longest spared.
    static let mostBytes = 32 << 20
    /// The handle of all files beyond `capacity`: generation 0 finds nothing.
    private static let handleOfNobody = FileHandle(rawValue: 0)

    fileprivate struct Place: Sendable {
        var generation: UInt32 = 1
        var isOpen = false
        var text: [UInt8]?
    }

    fileprivate struct Table: Sendable {
        var places: [Place] = []
        var free: [Int] = []
        /// The lengths of all texts together.
        var bytes = 0
        /// The place whose text is forgotten next.
        var hand = 0
    }

    private let table = Mutex(Table())

    /// How many files are open.
    var count: Int { table.withLock { $0.places.count - $0.free.count } }

    /// The bytes of all texts.
    var bytes: Int { table.withLock { $0.bytes } }

    /// A handle for a file that was opened just now; one that finds nothing where too many are open.
    func open() -> FileHandle {
        table.withLock { table in
            let index: Int
            if let free = table.free.popLast() {
                index = free
            } else {
                guard table.places.count < OpenFileTable.capacity else { return OpenFileTable.handleOfNobody }
                index = table.places.count
                table.places.append(Place())
            }
            table.places[index].isOpen = true
            return FileHandle(rawValue: UInt64(table.places[index].generation) << 32 | UInt64(index))
        }
    }

    /// The text that was last read at offset 0; `nil` where none was, it was forgotten, or the handle is not known.
    func text(of handle: FileHandle) -> [UInt8]? {
        table.withLock { table in
            table.index(of: handle).flatMap { table.places[$0].text }
        }
    }

    /// Keeps the text for the reads that follow. Does nothing for a handle that is not known.
    func keep(_ text: [UInt8], for handle: FileHandle) {
        let forgotten = table.withLock { table -> [[UInt8]] in
            guard let index = table.index(of: handle) else { return [] }
            var forgotten: [[UInt8]] = []
            if let old = table.replaceText(at: index, by: text) { forgotten.append(old) }
            while table.bytes > OpenFileTable.mostBytes, table.bytes > text.count {
                table.hand = (table.hand + 1) % table.places.count
                if table.hand != index, let old = table.replaceText(at: table.hand, by: nil) { forgotten.append(old) }
            }
            return forgotten
        }
        // Freed here, not under the lock.
        _ = consume forgotten
    }

    /// Forgets a file that was closed.
    func close(_ handle: FileHandle) {
        let text = table.withLock { table -> [UInt8]? in
            guard let index = table.index(of: handle) else { return nil }
            let text = table.replaceText(at: index, by: nil)
            table.places[index].isOpen = false
            table.places[index].generation &+= 1
            if table.places[index].generation == 0 { table.places[index].generation = 1 }
            table.free.append(index)
            return text
        }
        // Freed here, not under the lock.
        _ = consume text
    }
}

extension OpenFileTable.Table {
    /// Puts a text into a place and returns the one that was there.
    fileprivate mutating func replaceText(at index: Int, by text: [UInt8]?) -> [UInt8]? {
        let old = places[index].text
        bytes += (text?.count ?? 0) - (old?.count ?? 0)
        places[index].text = text
        return old
    }

    fileprivate func index(of handle: FileHandle) -> Int? {
        let index = Int(truncatingIfNeeded: handle.rawValue & 0xffff_ffff)
        guard index < places.count, places[index].isOpen, UInt64(places[index].generation) == handle.rawValue >> 32 else { return nil }
        return index
    }
}
