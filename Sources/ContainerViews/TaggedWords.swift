/// Numbers written out for a successor, which may be an older or a newer version of this program: fields, each a word `tag << 32 | count` with
/// `count` words after it, and at the end a field with the checksum of all that comes before it. A reader passes over the tags that it does not know.
package struct TaggedWords: Sendable {
    /// The tag of the checksum; the last field.
    private static let checksum: UInt32 = 0

    private let words: [UInt64]

    /// The fields of words that `seal` ended; `nil` where they are damaged.
    package init?(_ words: [UInt64]) {
        guard words.count >= 2, words[words.count - 2] == TaggedWords.header(TaggedWords.checksum, count: 1),
            words[words.count - 1] == TaggedWords.sum(of: words[..<(words.count - 2)])
        else { return nil }
        self.words = words
    }

    /// The words of the first field with this tag; `nil` where there is none.
    package subscript(tag: UInt32) -> ArraySlice<UInt64>? {
        let end = words.count - 2
        var index = 0
        while index < end {
            let count = Int(words[index] & 0xffff_ffff)
            guard count <= end - index - 1 else { return nil }
            if words[index] >> 32 == UInt64(tag) { return words[(index + 1)..<(index + 1 + count)] }
            index += 1 + count
        }
        return nil
    }

    /// The rows of a field whose first word is the length of a row. `nil` where there is no such field, or its rows are shorter than `least`.
    package func rows(_ tag: UInt32, least: Int) -> [ArraySlice<UInt64>]? {
        guard let field = self[tag], let first = field.first, let stride = Int(exactly: first), stride >= least, stride > 0 else {
            return nil
        }
        let body = field.dropFirst()
        guard body.count % stride == 0 else { return nil }
        return (0..<(body.count / stride)).map { row in body[(body.startIndex + row * stride)..<(body.startIndex + (row + 1) * stride)] }
    }

    /// The word that a field of `count` words begins with. `tag` is not 0.
    package static func header(_ tag: UInt32, count: Int) -> UInt64 {
        UInt64(tag) << 32 | UInt64(UInt32(clamping: count))
    }

    /// Ends the fields in `words`.
    package static func seal(_ words: inout [UInt64]) {
        let sum = sum(of: words[...])
        words.append(header(checksum, count: 1))
        words.append(sum)
    }

    private static func sum(of words: ArraySlice<UInt64>) -> UInt64 {
        var sum: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in words {
            sum = (sum ^ word) &* 0xbf58_476d_1ce4_e5b9
            sum ^= sum >> 29
        }
        return sum
    }
}
