/// A value of a JSON text, where it lies. It stays as it is when the text that it was taken from is changed.
package struct JSONNode: Sendable {
    package enum Kind: Sendable {
        case object, array, string, number, `true`, `false`, null

        /// As it stands in a sentence.
        var phrase: String {
            switch self {
            case .object: "an object"
            case .array: "an array"
            case .string: "a string"
            case .number: "a number"
            case .true: "true"
            case .false: "false"
            case .null: "null"
            }
        }
    }

    private let bytes: [UInt8]
    private let values: [JSONValue]
    private let index: Int

    init(_ bytes: [UInt8], _ values: [JSONValue], _ index: Int) {
        self.bytes = bytes
        self.values = values
        self.index = index
    }

    private var value: JSONValue { values[index] }

    package var kind: Kind { value.kind }

    /// The bytes of the text that are this value; a string's with its quotes.
    package var range: Range<Int> { value.range }

    /// Where the name of a member lies, with its quotes; `nil` for what is not a member.
    package var nameRange: Range<Int>? { value.name }

    /// The name of a member, unescaped.
    package var name: String? {
        value.name.map { String(decoding: JSONString.unescaped(bytes, $0), as: UTF8.self) }
    }

    /// The name of a member as it is written, with its quotes.
    var rawName: ArraySlice<UInt8>? { value.name.map { bytes[$0] } }

    /// The bytes of this value.
    package var raw: ArraySlice<UInt8> { bytes[value.range] }

    /// The members of an object, in the order of the text; none for anything else.
    package var members: [JSONNode] { kind == .object ? children : [] }

    /// The elements of an array; none for anything else.
    package var elements: [JSONNode] { kind == .array ? children : [] }

    /// A string, unescaped. Half a surrogate pair, which is no character, is U+FFFD.
    package var stringValue: String? {
        kind == .string ? String(decoding: JSONString.unescaped(bytes, value.range), as: UTF8.self) : nil
    }

    package var boolValue: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A number that is a whole one and not written with a point or an exponent; `nil` if it does not fit.
    package var integerValue: Int? {
        kind == .number ? Int(String(decoding: raw, as: UTF8.self)) : nil
    }

    /// The member of this name. Names are compared byte for byte.
    package subscript(name: String) -> JSONNode? {
        members.first { member in
            member.nameRange.map { JSONString.unescaped(bytes, $0).elementsEqual(name.utf8) } ?? false
        }
    }

    private var children: [JSONNode] {
        var result: [JSONNode] = []
        var next = value.firstChild
        while next >= 0 {
            result.append(JSONNode(bytes, values, next))
            next = values[next].nextSibling
        }
        return result
    }
}
