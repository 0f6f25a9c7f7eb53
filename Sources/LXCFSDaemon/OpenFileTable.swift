internal import FUSE
internal import Synchronization

/// The open files and the text that each of them was last given.
///
/// A handle is an index into the table with the generation of that place, never a pointer: a handle that was given by
/// a predecessor of this process, or twice released, finds nothing, and its file is rendered again.
final class OpenFileTable: Sendable {
    /// Files that may be open at once, by all containers together.
    static let capacity = 1 << 16

    fileprivate struct Place: Sendable {
        var generation: UInt32 = 1
        var isOpen = false
        var text: [UInt8]?
    }

    fileprivate struct Table: Sendable {
        var places: [Place] = []
        var free: [Int] = []
    }

    private let table = Mutex(Table())

    /// How many files are open.
    var count: Int { table.withLock { $0.places.count - $0.free.count } }

    /// A handle for a file that was opened just now; `nil` where too many are open.
    func open() -> FileHandle? {
        table.withLock { table in
            let index: Int
            if let free = table.free.popLast() {
                index = free
            } else {
                guard table.places.count < OpenFileTable.capacity else { return nil }
                index = table.places.count
                table.places.append(Place())
            }
            table.places[index].isOpen = true
            return FileHandle(rawValue: UInt64(table.places[index].generation) << 32 | UInt64(index))
        }
    }

    /// The text that was last read at offset 0; `nil` where none was, or the handle is not known.
    func text(of handle: FileHandle) -> [UInt8]? {
        table.withLock { table in
            table.index(of: handle).flatMap { table.places[$0].text }
        }
    }

    /// Keeps the text for the reads that follow. Does nothing for a handle that is not known.
    func keep(_ text: [UInt8], for handle: FileHandle) {
        table.withLock { table in
            guard let index = table.index(of: handle) else { return }
            table.places[index].text = text
        }
    }

    /// Forgets a file that was closed.
    func close(_ handle: FileHandle) {
        let text = table.withLock { table -> [UInt8]? in
            guard let index = table.index(of: handle) else { return nil }
            let text = table.places[index].text
            table.places[index].text = nil
            table.places[index].isOpen = false
            table.places[index].generation &+= 1
            table.free.append(index)
            return text
        }
        // Freed here, not under the lock.
        _ = consume text
    }
}

extension OpenFileTable.Table {
    fileprivate func index(of handle: FileHandle) -> Int? {
        let index = Int(truncatingIfNeeded: handle.rawValue & 0xffff_ffff)
        guard index < places.count, places[index].isOpen, UInt64(places[index].generation) == handle.rawValue >> 32 else { return nil }
        return index
    }
}
