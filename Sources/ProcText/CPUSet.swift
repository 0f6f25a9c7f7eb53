/// A set of CPU or NUMA node numbers, in the kernel's list format: `0-3,8`.
package struct CPUSet: Sendable, Equatable {
    /// Numbers above this are ignored: the kernel's largest NR_CPUS.
    package static let largest = 8191

    private var words: [UInt64]
    /// How many numbers are in the set.
    package private(set) var count: Int

    /// The empty set.
    package init() {
        words = []
        count = 0
    }

    /// The numbers of a range.
    package init(_ range: Range<Int>) {
        self.init()
        for number in range { insert(number) }
    }

    /// The set that `text` lists.
    package init(list text: String) {
        self.init()
        var scanner = ByteScanner([UInt8](text.utf8))
        formUnion(list: &scanner)
    }

    /// Whether nothing is in the set.
    package var isEmpty: Bool { count == 0 }

    /// Forgets all numbers and keeps the memory.
    package mutating func removeAll() {
        for index in words.indices { words[index] = 0 }
        count = 0
    }

    /// Adds the numbers that the scanner lists next; stops at what is no list. A reversed range counts as empty.
    package mutating func formUnion(list scanner: inout ByteScanner) {
        while let first = scanner.decimal() {
            var last = first
            if scanner.skip(UInt8(ascii: "-")) {
                guard let upper = scanner.decimal() else { return }
                last = upper
            }
            if first <= last, first <= UInt64(CPUSet.largest) {
                for number in Int(first)...Int(Swift.min(last, UInt64(CPUSet.largest))) { insert(number) }
            }
            guard scanner.skip(UInt8(ascii: ",")) else { return }
        }
    }

    /// Adds one number; one that is too large or negative is ignored.
    package mutating func insert(_ number: Int) {
        guard number >= 0, number <= CPUSet.largest else { return }
        let word = number >> 6
        while words.count <= word { words.append(0) }
        let bit: UInt64 = 1 << UInt64(number & 63)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    /// Whether the number is in the set.
    package func contains(_ number: Int) -> Bool {
        guard number >= 0, number >> 6 < words.count else { return false }
        return words[number >> 6] & (1 << UInt64(number & 63)) != 0
    }

    /// Adds what is in `other`.
    package mutating func formUnion(_ other: CPUSet) {
        while words.count < other.words.count { words.append(0) }
        count = 0
        for index in words.indices {
            if index < other.words.count { words[index] |= other.words[index] }
            count += words[index].nonzeroBitCount
        }
    }

    /// Keeps only what is in `other` too.
    package mutating func formIntersection(_ other: CPUSet) {
        count = 0
        for index in words.indices {
            words[index] &= index < other.words.count ? other.words[index] : 0
            count += words[index].nonzeroBitCount
        }
    }

    /// Keeps only the `limit` smallest numbers.
    package mutating func keepFirst(_ limit: Int) {
        guard count > limit else { return }
        var kept = 0
        for index in words.indices {
            while kept + words[index].nonzeroBitCount > limit {
                let highest = 63 - words[index].leadingZeroBitCount
                words[index] &= ~(1 << UInt64(highest))
            }
            kept += words[index].nonzeroBitCount
        }
        count = kept
    }

    /// The smallest number that is at least `number`, or `nil`: `var cpu = set.next(0); while let c = cpu { ...; cpu = set.next(c + 1) }`.
    package func next(_ number: Int) -> Int? {
        guard number >= 0 else { return next(0) }
        var index = number >> 6
        guard index < words.count else { return nil }
        var word = words[index] & (UInt64.max << UInt64(number & 63))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index << 6 + word.trailingZeroBitCount
    }

    /// Two sets are equal when they hold the same numbers, whatever room they have.
    package static func == (left: CPUSet, right: CPUSet) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<Swift.min(left.words.count, right.words.count) where left.words[index] != right.words[index] { return false }
        return true
    }
}

extension CPUSet: Sequence {
    /// Walks over the numbers in ascending order.
    package struct Iterator: IteratorProtocol {
        let set: CPUSet
        var position = 0

        package mutating func next() -> Int? {
            guard let number = set.next(position) else { return nil }
            position = number + 1
            return number
        }
    }

    package func makeIterator() -> Iterator { Iterator(set: self) }
}

extension TextBuffer {
    /// Appends the set in list format: `0-3,8`, nothing for an empty set (the kernel's `%*pbl`).
    package mutating func append(list set: CPUSet) {
        var start = set.next(0)
        var isFirst = true
        while let first = start {
            var last = first
            while set.contains(last + 1) { last += 1 }
            if !isFirst { append(byte: UInt8(ascii: ",")) }
            isFirst = false
            append(decimal: first)
            if last > first {
                append(byte: UInt8(ascii: "-"))
                append(decimal: last)
            }
            start = set.next(last + 1)
        }
    }

    /// Appends the set as a hexadecimal mask of `bits` bits in comma-separated groups of 32, highest first (the kernel's `%*pb`).
    package mutating func append(mask set: CPUSet, bits: Int) {
        let width = max(1, bits)
        let groups = (width + 31) / 32
        for group in stride(from: groups - 1, through: 0, by: -1) {
            var value: UInt32 = 0
            for bit in 0..<32 where set.contains(group * 32 + bit) { value |= 1 << UInt32(bit) }
            let isTop = group == groups - 1
            let digits = isTop ? (width - group * 32 + 3) / 4 : 8
            for digit in stride(from: digits - 1, through: 0, by: -1) {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt32(digit * 4)) & 0xf
                append(byte: nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
            }
            if group > 0 { append(byte: UInt8(ascii: ",")) }
        }
    }
}
