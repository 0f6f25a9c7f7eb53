/// Scalars of YAML.
enum YAMLText {
    /// The text as it is where that is plain, else in double quotes, with the escapes of JSON.
    static func scalar(_ text: String) -> String {
        let isPlain = text.hasPrefix("/") && text.utf8.allSatisfy { isPlainByte($0) }
        return isPlain ? text : String(decoding: JSON.text(of: text), as: UTF8.self)
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "/._-+@".utf8.contains(byte)
        }
    }
}
