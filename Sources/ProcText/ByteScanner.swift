/// Walks over a kernel text byte by byte: numbers, words and lines, without allocation and without trapping on any input.
///
/// Blanks are space and tab. Nothing but `skipLine` and `nextLine` passes a newline.
package struct ByteScanner: Sendable {
    /// The text that is scanned, shared with its owner.
    package let bytes: [UInt8]
    /// Where the scanner stands.
    package private(set) var position: Int
    /// Where the scanned part ends.
    package let end: Int

    /// Scans `bytes`, or the part of it that `range` names; a range outside the bytes is clamped.
    package init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        let clamped = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        position = clamped.lowerBound
        end = clamped.upperBound
    }

    /// Whether nothing is left.
    package var isAtEnd: Bool { position >= end }

    /// The next byte, not consumed.
    package var peek: UInt8? { position < end ? bytes[position] : nil }

    /// Skips spaces and tabs.
    package mutating func skipBlanks() {
        while position < end, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") { position += 1 }
    }

    /// Consumes `byte` if it is next.
    package mutating func skip(_ byte: UInt8) -> Bool {
        guard position < end, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Consumes `literal` if it is next; else nothing.
    package mutating func skip(literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard end - position >= count, hasPrefix(literal) else { return false }
        position += count
        return true
    }

    /// Whether the text goes on with `literal`.
    package func hasPrefix(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard end - position >= count else { return false }
        return literal.withUTF8Buffer { expected in
            for index in 0..<count where unsafe expected[index] != bytes[position + index] { return false }
            return true
        }
    }

    /// Skips blanks and takes an unsigned decimal number. `nil`, nothing but blanks consumed, where no digit is next. A number that does not fit is `UInt64.max`.
    package mutating func decimal() -> UInt64? {
        skipBlanks()
        var value: UInt64 = 0
        var overflowed = false
        let first = position
        while position < end {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            overflowed = overflowed || tooLarge || carried
            value = sum
            position += 1
        }
        guard position > first else { return nil }
        return overflowed ? .max : value
    }

    /// Skips blanks and takes everything up to the next blank or newline. `nil` where there is nothing.
    package mutating func word() -> Range<Int>? {
        skipBlanks()
        let first = position
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") { break }
            position += 1
        }
        return position > first ? first..<position : nil
    }

    /// Takes everything up to `byte`, which is consumed too. `nil`, nothing consumed, where `byte` does not come on this line.
    package mutating func upTo(_ byte: UInt8) -> Range<Int>? {
        var index = position
        while index < end, bytes[index] != UInt8(ascii: "\n") || byte == UInt8(ascii: "\n") {
            if bytes[index] == byte {
                defer { position = index + 1 }
                return position..<index
            }
            index += 1
        }
        return nil
    }

    /// Skips the rest of the line and its newline.
    package mutating func skipLine() {
        while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        if position < end { position += 1 }
    }

    /// The next line as a scanner of its own, without its newline. `nil` at the end.
    package mutating func nextLine() -> ByteScanner? {
        guard position < end else { return nil }
        let first = position
        while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        let line = ByteScanner(bytes, in: first..<position)
        if position < end { position += 1 }
        return line
    }

    /// What has not been consumed yet.
    package var rest: Range<Int> { position..<end }
}
