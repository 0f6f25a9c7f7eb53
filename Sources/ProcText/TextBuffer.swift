/// The text that a view writes: bytes in a buffer that grows when it must and is used again for the next text.
package struct TextBuffer: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8]

    /// An empty text with room for `capacity` bytes.
    package init(capacity: Int = 4096) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// How many bytes were written.
    package var count: Int { bytes.count }

    /// Forgets the text and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Forgets what was written after `count` bytes.
    package mutating func truncate(to count: Int) {
        guard count < bytes.count else { return }
        bytes.removeSubrange(max(0, count)..<bytes.count)
    }

    /// Appends a literal.
    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { buffer in
            unsafe bytes.append(contentsOf: buffer)
        }
    }

    /// Appends one byte.
    package mutating func append(byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends `byte` `count` times.
    package mutating func append(byte: UInt8, count: Int) {
        guard count > 0 else { return }
        for _ in 0..<count { bytes.append(byte) }
    }

    /// Appends a part of another text; a range outside it is clamped.
    package mutating func append(_ source: [UInt8], in range: Range<Int>) {
        let clamped = range.clamped(to: 0..<source.count)
        bytes.append(contentsOf: source[clamped])
    }

    /// Appends a whole text.
    package mutating func append(_ text: InputText) {
        append(text.bytes, in: text.range)
    }

    /// Appends an unsigned decimal number, right-aligned in `width` columns.
    package mutating func append(decimal value: UInt64, width: Int = 0, padding: UInt8 = UInt8(ascii: " ")) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var first = 20
        var rest = value
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(byte: padding, count: width - (20 - first))
        for index in first..<20 { bytes.append(digits[index]) }
    }

    /// Appends an unsigned decimal number.
    package mutating func append(decimal value: Int) {
        append(decimal: UInt64(max(0, value)))
    }

    /// Appends `hundredths` / 100 with two decimals, as proc(5) writes seconds: `12.05`.
    package mutating func append(hundredths: UInt64) {
        append(decimal: hundredths / 100)
        append(byte: UInt8(ascii: "."))
        append(decimal: hundredths % 100, width: 2, padding: UInt8(ascii: "0"))
    }

    /// Appends a newline.
    package mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
    }
}
