/// Text from outside, made safe for a terminal: names of containers and cgroups are chosen by whoever makes them.
enum Escaping {
    /// The text with everything escaped that a terminal would obey instead of show: control characters (C0, DEL, C1), line and paragraph
    /// separators, and what turns the direction of writing.
    static func shown(_ text: String) -> String {
        // Most texts are left as they are.
        guard text.unicodeScalars.contains(where: isObeyed) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isObeyed(scalar) {
                result.append(contentsOf: escape(scalar).unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// JSON escapes only C0 by itself; the others, which can stand in strings alone, become `\u009b` here.
    static func json(_ text: [UInt8]) -> [UInt8] {
        let decoded = String(decoding: text, as: UTF8.self)
        let isSafe = !decoded.unicodeScalars.contains { isObeyed($0) && $0 != "\n" }
        guard !isSafe else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 64)
        for scalar in decoded.unicodeScalars {
            if isObeyed(scalar), scalar != "\n" {
                result.append(contentsOf: "\\u\(hexadecimal(scalar.value, digits: 4))".utf8)
            } else {
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return result
    }

    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1f, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default: scalar.value < 0x100 ? "\\x\(hexadecimal(scalar.value, digits: 2))" : "\\u\(hexadecimal(scalar.value, digits: 4))"
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
