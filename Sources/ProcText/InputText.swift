/// The content of a file that was read into a buffer that is used again for the next file: `bytes[0..<count]`.
package struct InputText: Sendable {
    /// Storage; what lies behind `count` is left over from an earlier, longer file.
    package var bytes: [UInt8]
    /// How many bytes of `bytes` are the file's.
    package var count: Int

    /// An empty text with room for `capacity` bytes.
    package init(capacity: Int = 8192) {
        bytes = [UInt8](repeating: 0, count: capacity)
        count = 0
    }

    /// A text that holds `content`; for tests and constants.
    package init(_ content: String) {
        bytes = [UInt8](content.utf8)
        count = bytes.count
    }

    /// A text that is all of `bytes`.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
        count = bytes.count
    }

    /// The valid part of `bytes`.
    package var range: Range<Int> { 0..<count }

    /// A scanner at the start of the text.
    package var scanner: ByteScanner { ByteScanner(bytes, in: 0..<count) }

    /// What follows on the first line that begins with `label`, as in /proc/PID/status. `nil` where there is no such line.
    package func line(after label: StaticString) -> ByteScanner? {
        var scanner = scanner
        while var line = scanner.nextLine() {
            if line.skip(literal: label) { return line }
        }
        return nil
    }
}
