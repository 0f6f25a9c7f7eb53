internal import CLinux
internal import Glibc
package import LinuxSystem
internal import SystemPackage

/// The memory that a session's threads receive requests into, one slot for each thread. What is in it outlives them.
///
/// The kernel writes a request's length, the first word of a buffer, within the read(2) that takes the request from its queue, whatever happens to
/// the thread meanwhile; the thread clears it when the request has been answered and everything that it asks for has been done. So a length that
/// is not 0 in memory whose worker is gone means a request that nobody has answered, or whose answer nobody has noted: who serves the connection
/// next answers it, and an answer too many is refused by the kernel (ENOENT).
///
/// `@unchecked`: each slot is written by one thread, the one that serves with it, and by `takeOver` and `prepare` while there is none.
package final class RequestSlots: @unchecked Sendable {
    private let region: SharedRegion
    private let layout: SlotLayout?
    /// Whether the memory holds no slots that this version knows: it is new, or another version's. What was received into that, only the kernel
    /// knows: see `Connection.askToResend`.
    package private(set) var isNew: Bool
    private var isPrepared = false

    /// The bytes that `slots` slots take.
    package static func byteCount(slots: Int) -> Int { SlotLayout.byteCount(slots: slots) }

    /// The slots in shared memory that starts on a page: those that a predecessor left there, or else as many as fit.
    ///
    /// Nothing is written yet, so that a predecessor may still serve with them.
    package init(in region: SharedRegion) {
        self.region = region
        let found = SlotLayout(headerOf: region)
        isNew = found == nil
        layout = found ?? SlotLayout(fitting: region.count)
    }

    /// Slots in memory of their own, which end with this object.
    package convenience init(count: Int) throws(SessionError) {
        do throws(Errno) {
            let memory = try SharedMemory(name: "lxcfs-requests", count: RequestSlots.byteCount(slots: count))
            self.init(in: memory.region(0..<memory.count))
        } catch {
            throw .outOfResources(error)
        }
    }

    /// How many threads serve with it.
    package var count: Int { layout?.count ?? 0 }

    /// For 0..<`count`.
    subscript(index: Int) -> RequestSlot? {
        guard let layout, (0..<layout.count).contains(index) else { return nil }
        return RequestSlot(layout, index, in: region)
    }

    /// Makes the memory ready to be received into: from here on nobody else may serve with it. The second call does nothing.
    ///
    /// The kernel copies a request into pages that are there also when the thread is being killed; but it fetches no page for a thread that is being
    /// killed, and gives the caller EIO instead. So all pages are fetched, and locked.
    func prepare() {
        guard !isPrepared, let layout else { return }
        isPrepared = true
        if SlotLayout(headerOf: region) != layout {
            isNew = true
            layout.format(region)
        }
        for page in stride(from: 0, to: region.count, by: SlotLayout.pageSize) { region.add64(0, at: page) }
        // Without it the pages stay as long as memory is not short.
        _ = mlock(region.bytes.baseAddress, region.count)
    }
}

/// One thread's receive buffer, and the record of its request.
struct RequestSlot: Sendable {
    /// Its number.
    let index: Int
    private let record: SharedRegion
    let buffer: SharedRegion

    /// What is zeroed at least before a request is received, beginning with its header: a longer request before may have left its length and not be zeroed yet.
    private static let clearedLength = 192

    init(_ layout: SlotLayout, _ slot: Int, in region: SharedRegion) {
        index = slot
        record = layout.record(slot, in: region)
        buffer = layout.buffer(slot, in: region)
    }

    /// The length of the request that waits for its answer, as it stands there; 0 where there is none.
    var length: Int { Int(buffer.load32(at: 0)) }

    /// The kernel's number of the request (`fuse_in_header.unique`), as the answer needs it.
    var unique: UInt64 { buffer.load64(at: 8) }

    /// The same without the bit of a request that the kernel hands out again.
    var id: UInt64 { RequestSummary.id(ofUnique: unique) }

    /// What became of the request before.
    var history: SlotRecord {
        get { SlotRecord(rawValue: record.load64(at: SlotRecord.stateOffset)) }
        nonmutating set { record.store64(newValue.rawValue, at: SlotRecord.stateOffset) }
    }

    /// Whether the request in it is the one that a worker was found stuck with.
    var isBlamedForStall: Bool { id != 0 && record.load64(at: SlotRecord.blamedOffset) == id }

    /// Notes that a worker is stuck with a request. Another one in the same slot has nothing to do with it.
    func blame(_ id: UInt64) {
        record.store64(id, at: SlotRecord.blamedOffset)
    }

    /// What a successor does with a slot.
    enum Inherited: Equatable {
        /// There is nothing to answer.
        case nothing
        /// Its request is served when a thread begins with this slot.
        case waiting
        /// To be answered ENOSYS.
        case unsupported
        /// To be answered EIO.
        case condemned(CondemnedRequest.Reason)
    }

    /// Counts a predecessor's end against the request that it had in service. One that still waits from an earlier time has nothing to do with it.
    func inherit(after end: PredecessorEnd) -> Inherited {
        guard length != 0 else { return .nothing }
        switch InheritedRequest(buffer) {
        case .needsNothing: return .nothing
        case .unsupported: return .unsupported
        case .damaged: return .condemned(.damaged)
        case .whole: break
        }
        var history = history
        if !history.isWaiting {
            history.count(end, isBlamedForStall: isBlamedForStall)
            history.isWaiting = true
            self.history = history
        }
        return history.condemnation.map { .condemned($0) } ?? .waiting
    }

    /// What the request in it keeps for the case that it comes again, if it is one that changes something: empty when it is asked for the first time.
    var change: ChangeRecord { ChangeRecord(record.region(SlotRecord.changeOffset..<SlotRecord.length), of: id) }

    /// Marks the request as done, and makes room for the next.
    ///
    /// Its length and what it is go with one store, the first: whoever is stopped behind it has done the request. What is known of the request goes after it:
    /// the request would be another one without. All that the kernel wrote is zeroed, so that a copy that is broken off never leaves a new header before
    /// old arguments.
    /// - Parameter all: zero the whole buffer, in which older versions leave the ends of their requests.
    func clear(all: Bool = false) {
        let written = max(RequestSlot.clearedLength, length)
        clinux_clear(buffer.bytes.baseAddress, all ? buffer.count : min(written, buffer.count))
        if record.load64(at: SlotRecord.stateOffset) != 0 { history = SlotRecord() }
        ChangeRecord.clear(record.region(SlotRecord.changeOffset..<SlotRecord.length))
    }
}
