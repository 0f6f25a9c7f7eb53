/// Finds the number of a key by its bytes: for `key value` files such as memory.stat, and the labels of /proc/meminfo.
///
/// Open addressing over the FNV-1a hash; built once, never changed, no allocation on look-up.
package struct KeyTable: Sendable {
    private let keys: [[UInt8]]
    private let slots: [Int16]
    private let mask: Int

    /// A table whose key `names[i]` has the number `i`. Of a name that stands twice the first counts.
    package init(_ names: [String]) {
        var size = 16
        while size < names.count * 4 { size *= 2 }
        var table = [Int16](repeating: -1, count: size)
        keys = names.map { [UInt8]($0.utf8) }
        mask = size - 1
        for (number, key) in keys.enumerated() where number < Int(Int16.max) {
            var slot = Int(truncatingIfNeeded: KeyTable.hash(key, in: 0..<key.count)) & mask
            while table[slot] >= 0 {
                if keys[Int(table[slot])] == key { break }
                slot = (slot + 1) & mask
            }
            if table[slot] < 0 { table[slot] = Int16(number) }
        }
        slots = table
    }

    /// How many keys the table has.
    package var count: Int { keys.count }

    /// The number of the key that stands at `range` of `bytes`, or `nil`.
    package func number(of bytes: [UInt8], in range: Range<Int>) -> Int? {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        var slot = Int(truncatingIfNeeded: KeyTable.hash(bytes, in: range)) & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if KeyTable.equal(keys[number], bytes, range) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The bytes of key `number`.
    package func key(_ number: Int) -> [UInt8] { keys[number] }

    private static func hash(_ bytes: [UInt8], in range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in range { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3 }
        return hash ^ (hash >> 32)
    }

    private static func equal(_ key: [UInt8], _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard key.count == range.count else { return false }
        for index in 0..<key.count where key[index] != bytes[range.lowerBound + index] { return false }
        return true
    }
}
