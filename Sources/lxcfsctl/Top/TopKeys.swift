/// What a person can press.
enum TopKey: Equatable {
    case character(Character)
    case up, down, pageUp, pageDown, home, end, escape

    /// The keys in what a terminal sent. Sequences that are not known are passed over.
    static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == 0x1b else {
                if (0x20..<0x7f).contains(byte) { keys.append(.character(Character(Unicode.Scalar(byte)))) }
                continue
            }
            // ESC [ or ESC O, parameters, a final byte.
            guard let introducer = rest.first, introducer == UInt8(ascii: "[") || introducer == UInt8(ascii: "O") else {
                keys.append(.escape)
                continue
            }
            rest.removeFirst()
            let parameters = rest.prefix { (0x20..<0x40).contains($0) }
            rest = rest.dropFirst(parameters.count)
            if let final = rest.popFirst(), let key = known(final, String(decoding: parameters, as: UTF8.self)) { keys.append(key) }
        }
        return keys
    }

    private static func known(_ final: UInt8, _ parameters: String) -> TopKey? {
        switch (final, parameters) {
        case (UInt8(ascii: "A"), _): .up
        case (UInt8(ascii: "B"), _): .down
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): .home
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): .end
        case (UInt8(ascii: "~"), "5"): .pageUp
        case (UInt8(ascii: "~"), "6"): .pageDown
        default: nil
        }
    }
}
