internal import LinuxSystem

/// Where what lies in the memory of request slots.
///
///     header    magic, version, how many, and the four numbers below
///     records   one per slot: what became of its request before (`SlotRecord`)
///     buffers   one per slot, on pages of its own: what read(2) receives into
///
/// The header is read with every distance in it, so that versions with longer records or buffers understand each other.
struct SlotLayout: Equatable {
    let count: Int
    let recordStart: Int
    let recordStride: Int
    let bufferStart: Int
    let bufferStride: Int
    let bufferLength: Int

    /// The kernel fills one page after the other, and a header that lies in one page whole or not at all.
    static let pageSize = SharedMemory.pageSize
    /// More threads than this serve nobody.
    static let mostSlots = 4096
    private static let magic: UInt64 = 0x746f_6c73_6663_786c  // "lxcfslot"
    /// Changes when the meaning of what is there changes.
    private static let version: UInt32 = 1
    private static let headerLength = 64

    /// What this version makes.
    private init(count: Int) {
        self.count = count
        recordStart = SlotLayout.headerLength
        recordStride = SlotRecord.length
        bufferStart = SharedMemory.roundedToPages(recordStart + count * recordStride)
        bufferLength = InitRequest.receiveBufferLength
        bufferStride = SharedMemory.roundedToPages(bufferLength)
    }

    /// The bytes that `count` slots of this version take.
    static func byteCount(slots count: Int) -> Int {
        let layout = SlotLayout(count: min(max(count, 1), mostSlots))
        return layout.bufferStart + layout.count * layout.bufferStride
    }

    /// As many slots of this version as fit; nil where not one does.
    init?(fitting byteCount: Int) {
        var count = min(max(byteCount, 0) / SlotLayout(count: 1).bufferStride, SlotLayout.mostSlots)
        while count > 0, SlotLayout.byteCount(slots: count) > byteCount { count -= 1 }
        guard count > 0 else { return nil }
        self.init(count: count)
    }

    /// The layout that a header tells of; nil for one that this version does not know, or that leads out of the memory.
    init?(headerOf region: SharedRegion) {
        guard region.load64(at: 0) == SlotLayout.magic, region.load32(at: 8) == SlotLayout.version else { return nil }
        func number(at offset: Int) -> Int { Int(region.load32(at: offset)) }
        count = number(at: 12)
        recordStart = number(at: 16)
        recordStride = number(at: 20)
        bufferStart = number(at: 24)
        bufferStride = number(at: 28)
        bufferLength = number(at: 32)
        // Below 2^13 times below 2^32: no product overflows.
        guard count >= 1, count <= SlotLayout.mostSlots, recordStart >= SlotLayout.headerLength, recordStart % 8 == 0,
            recordStride >= SlotRecord.length, recordStride % 8 == 0, recordStart + count * recordStride <= bufferStart,
            bufferStart % SlotLayout.pageSize == 0, bufferStride % SlotLayout.pageSize == 0,
            bufferLength >= InitRequest.receiveBufferLength, bufferLength <= bufferStride,
            bufferStart + count * bufferStride <= region.count
        else { return nil }
    }

    /// Makes the memory one of empty slots. Whoever is stopped in the middle leaves a layout that nobody knows.
    func format(_ region: SharedRegion) {
        region.store64(0, at: 0)
        for offset in stride(from: 0, to: bufferStart, by: 8) { region.store64(0, at: offset) }
        for slot in 0..<count { RequestSlot(self, slot, in: region).clear(all: true) }
        let words = [Int(SlotLayout.version), count, recordStart, recordStride, bufferStart, bufferStride, bufferLength]
        for (index, word) in words.enumerated() { region.store32(UInt32(clamping: word), at: 8 + 4 * index) }
        region.store64(SlotLayout.magic, at: 0)
    }

    func record(_ slot: Int, in region: SharedRegion) -> SharedRegion {
        let start = recordStart + slot * recordStride
        return region.region(start..<(start + SlotRecord.length))
    }

    func buffer(_ slot: Int, in region: SharedRegion) -> SharedRegion {
        let start = bufferStart + slot * bufferStride
        return region.region(start..<(start + bufferLength))
    }
}

/// What became of a slot's request before, in one number that is stored in one piece. All zero for a request that was received by who serves it.
struct SlotRecord: Equatable {
    /// Whether its server is gone, and nobody serves it yet.
    var isWaiting = false
    /// How many workers crashed with it in service.
    var crashes: UInt8 = 0
    /// How many workers were killed from outside with it in service.
    var kills: UInt8 = 0
    /// How often it was what a worker was stuck with.
    var stalls: UInt8 = 0

    /// The bytes of a record: this number; the id of the request that is blamed for a stuck worker; what a request that changes something keeps
    /// (`ChangeRecord`), its note, its outcome, and its id; the rest is 0.
    static let length = 64
    static let stateOffset = 0
    static let blamedOffset = 8
    static let changeOffset = 16

    init() {}

    init(rawValue: UInt64) {
        isWaiting = rawValue & 1 != 0
        crashes = UInt8(truncatingIfNeeded: rawValue >> 8)
        kills = UInt8(truncatingIfNeeded: rawValue >> 16)
        stalls = UInt8(truncatingIfNeeded: rawValue >> 24)
    }

    var rawValue: UInt64 {
        (isWaiting ? 1 : 0) | UInt64(crashes) << 8 | UInt64(kills) << 16 | UInt64(stalls) << 24
    }

    /// The record after one more worker ended so.
    mutating func count(_ end: PredecessorEnd, isBlamedForStall: Bool) {
        switch end {
        case .handedOver: break
        case .crashed: crashes = SlotRecord.next(crashes)
        case .killed: kills = SlotRecord.next(kills)
        case .stuck: if isBlamedForStall { stalls = SlotRecord.next(stalls) }
        }
    }

    /// Why the request is not tried again, if it is not.
    ///
    /// A kill proves little: the kernel kills who uses memory, an operator kills for his own reasons. Hence the patience.
    var condemnation: CondemnedRequest.Reason? {
        if crashes >= 2 { return .crashed(workers: Int(crashes)) }
        if stalls >= 2 { return .stuck(workers: Int(stalls)) }
        if kills >= 5 { return .killed(workers: Int(kills)) }
        return nil
    }

    private static func next(_ number: UInt8) -> UInt8 { number == .max ? .max : number + 1 }
}
