import TestSupport

extension SeededGenerator {
    /// Bytes as the kernel would not write them: of `original` some are overwritten, inserted, removed, doubled or cut off.
    mutating func damaged(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1 where place < bytes.count: bytes[place] = interestingByte()
            case 2: bytes.insert(interestingByte(), at: place)
            case 3: bytes.insert(contentsOf: Array("18446744073709551616".utf8), at: place)
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...8, using: &self)))
            case 5: bytes.insert(contentsOf: bytes.prefix(place).suffix(24), at: place)
            default: bytes.removeLast(Int.random(in: 0...min(16, bytes.count), using: &self))
            }
        }
        return bytes
    }

    /// Random bytes, all values alike.
    mutating func bytes(upTo count: Int) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// A text of up to `count` of these characters.
    mutating func text(of characters: String, upTo count: Int) -> String {
        let choice = Array(characters)
        return String((0..<Int.random(in: 0...count, using: &self)).compactMap { _ in choice.randomElement(using: &self) })
    }

    /// Bytes that mean something to some parser.
    private mutating func interestingByte() -> UInt8 {
        " \t\n:-,()\\/0189=\0".utf8.randomElement(using: &self) ?? 0
    }
}
