internal import Glibc

/// The memory that the worker threads receive requests into: one slot for each.
///
/// The first word of a slot is the length of the request in it (`fuse_in_header.len`), or 0 when it has been answered. In memory that outlives the
/// process, a successor finds there what is still to be answered.
package final class RequestSlots: @unchecked Sendable {
    // Each slot is written by one thread, the one that serves with it.
    private let memory: UnsafeMutableRawBufferPointer
    private let isOwner: Bool

    /// The bytes that one slot takes.
    package static let slotLength = InitRequest.receiveBufferLength

    /// Fresh memory. Of each slot only the pages that were used cost anything.
    package init(count: Int) {
        memory = .allocate(byteCount: max(1, count) * RequestSlots.slotLength, alignment: 4096)
        isOwner = true
        for slot in 0..<self.count { self[slot].clear() }
    }

    /// Memory that belongs to someone else, for example a shared mapping, and lives longer than this; zeroed when it is new. Its start is aligned to 8 bytes.
    package init(in memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
        isOwner = false
    }

    deinit {
        if isOwner { memory.deallocate() }
    }

    /// How many threads can serve with it.
    package var count: Int { memory.count / RequestSlots.slotLength }

    subscript(index: Int) -> RequestSlot {
        let start = index * RequestSlots.slotLength
        return RequestSlot(memory: UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + RequestSlots.slotLength)]))
    }
}

/// One worker's receive buffer.
///
/// `@unchecked`: only the thread that serves with it touches the memory.
struct RequestSlot: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer

    /// The kernel's number of the request (`fuse_in_header.unique`), without the bit of a request that the kernel hands out again.
    var id: UInt64 { memory.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & ~(1 << 63) }

    /// Marks the request as answered.
    func clear() {
        memory.storeBytes(of: 0, as: UInt32.self)
    }
}
