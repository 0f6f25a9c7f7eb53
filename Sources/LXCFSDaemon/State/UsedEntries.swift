/// Which entries of a table are in use; known to this process alone. The lowest free one is taken first, so that little memory is touched.
struct UsedEntries: Sendable {
    /// Entries of a group, 64 in a row.
    static let groupSize = 64

    /// How many entries there are.
    let capacity: Int
    /// How many are in use.
    private(set) var count = 0

    private var words: [UInt64] = []
    /// No word before this one has a free entry.
    private var firstWithFree = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    func contains(_ index: Int) -> Bool {
        guard index >= 0, index >> 6 < words.count else { return false }
        return words[index >> 6] & (1 << UInt64(index & 63)) != 0
    }

    /// The lowest entry that was free; `nil` where none is.
    mutating func take() -> Int? {
        while firstWithFree < words.count, words[firstWithFree] == .max { firstWithFree += 1 }
        let bit = firstWithFree < words.count ? (~words[firstWithFree]).trailingZeroBitCount : 0
        let index = firstWithFree << 6 + bit
        return insert(index) ? index : nil
    }

    /// Marks an entry as used; `false` where it already was, or is none.
    mutating func insert(_ index: Int) -> Bool {
        guard index >= 0, index < capacity, !contains(index) else { return false }
        while words.count <= index >> 6 { words.append(0) }
        words[index >> 6] |= 1 << UInt64(index & 63)
        count += 1
        return true
    }

    mutating func remove(_ index: Int) {
        guard contains(index) else { return }
        words[index >> 6] &= ~(1 << UInt64(index & 63))
        firstWithFree = min(firstWithFree, index >> 6)
        count -= 1
    }

    /// Whether no entry of a group is in use.
    func isGroupFree(_ group: Int) -> Bool { group >= words.count || words[group] == 0 }
}
