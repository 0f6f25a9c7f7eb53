package import LinuxSystem

/// A look at request slots from outside, by whoever watches over the process that serves with them.
///
/// What is there may change at any moment, may have been damaged, and may be another version's: then nothing is seen. Costs a few loads.
package struct RequestWatch: Sendable {
    private let region: SharedRegion

    /// The memory that `RequestSlots` were made in.
    package init(_ region: SharedRegion) {
        self.region = region
    }

    /// How many slots there are; 0 while there are none.
    package var count: Int { SlotLayout(headerOf: region)?.count ?? 0 }

    /// The number of the request in a slot that is in service or waits for it; nil where there is none.
    ///
    /// Numbers do not come again: a request is as old as its number has been seen in the slot.
    package func unanswered(_ slot: Int) -> UInt64? { request(in: slot)?.id }

    /// What is asked for in a slot.
    package func request(in slot: Int) -> RequestSummary? {
        guard let slot = self[slot], slot.length != 0 else { return nil }
        let summary = RequestSummary(slot.buffer)
        return summary.id == 0 ? nil : summary
    }

    /// Says, before a stuck worker is ended and its successor told so (`PredecessorEnd.stuck`), which request it is stuck with.
    package func blame(_ slot: Int, for request: UInt64) {
        self[slot]?.blame(request)
    }

    private subscript(slot: Int) -> RequestSlot? {
        guard let layout = SlotLayout(headerOf: region), (0..<layout.count).contains(slot) else { return nil }
        return RequestSlot(layout, slot, in: region)
    }
}
