/// A value as the parser found it; its relatives by their places in the list of all.
struct JSONValue: Sendable {
    var kind: JSONNode.Kind
    var range: Range<Int>
    var name: Range<Int>?
    var firstChild = -1
    var nextSibling = -1
}

/// Reads a whole text and refuses what RFC 8259 does not allow.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private(set) var values: [JSONValue] = []

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// All values of a text, in its order: the root first.
    static func values(of bytes: [UInt8]) throws(JSONTextError) -> [JSONValue] {
        guard bytes.count <= JSONText.greatestSize else { throw .tooLarge(size: bytes.count) }
        var parser = JSONParser(bytes)
        parser.skipBlanks()
        _ = try parser.value(name: nil)
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.failure("the end") }
        return parser.values
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ expected: String) -> JSONTextError {
        let place = lineAndColumn(position)
        return .syntax(line: place.line, column: place.column, expected: expected)
    }

    private func lineAndColumn(_ position: Int) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes[..<min(position, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }

    /// - Returns: the place of the value in the list.
    private mutating func value(name: Range<Int>?) throws(JSONTextError) -> Int {
        let start = position
        let index = values.count
        switch next {
        case UInt8(ascii: "{"):
            values.append(JSONValue(kind: .object, range: start..<start, name: name))
            try object(index)
        case UInt8(ascii: "["):
            values.append(JSONValue(kind: .array, range: start..<start, name: name))
            try array(index)
        case UInt8(ascii: "\""):
            values.append(JSONValue(kind: .string, range: start..<start, name: name))
            try string()
        case UInt8(ascii: "t"):
            values.append(JSONValue(kind: .true, range: start..<start, name: name))
            try literal("true")
        case UInt8(ascii: "f"):
            values.append(JSONValue(kind: .false, range: start..<start, name: name))
            try literal("false")
        case UInt8(ascii: "n"):
            values.append(JSONValue(kind: .null, range: start..<start, name: name))
            try literal("null")
        default:
            values.append(JSONValue(kind: .number, range: start..<start, name: name))
            try number()
        }
        values[index].range = start..<position
        return index
    }

    private mutating func enter() throws(JSONTextError) {
        depth += 1
        if depth > JSONText.greatestDepth {
            let place = lineAndColumn(position)
            throw .tooDeep(line: place.line, column: place.column)
        }
        position += 1
        skipBlanks()
    }

    private mutating func object(_ index: Int) throws(JSONTextError) {
        try enter()
        var names: Set<[UInt8]> = []
        var last = -1
        if !skip(UInt8(ascii: "}")) {
            while true {
                let start = position
                guard next == UInt8(ascii: "\"") else { throw failure("a name in quotes") }
                try string()
                let name = start..<position
                let unescaped = JSONString.unescaped(bytes, name)
                guard names.insert(unescaped).inserted else {
                    let place = lineAndColumn(start)
                    throw .duplicate(name: String(decoding: unescaped, as: UTF8.self), line: place.line, column: place.column)
                }
                skipBlanks()
                guard skip(UInt8(ascii: ":")) else { throw failure("a colon") }
                skipBlanks()
                attach(try value(name: name), to: index, after: &last)
                skipBlanks()
                if skip(UInt8(ascii: "}")) { break }
                guard skip(UInt8(ascii: ",")) else { throw failure("a comma or `}`") }
                skipBlanks()
            }
        }
        depth -= 1
    }

    private mutating func array(_ index: Int) throws(JSONTextError) {
        try enter()
        var last = -1
        if !skip(UInt8(ascii: "]")) {
            while true {
                attach(try value(name: nil), to: index, after: &last)
                skipBlanks()
                if skip(UInt8(ascii: "]")) { break }
                guard skip(UInt8(ascii: ",")) else { throw failure("a comma or `]`") }
                skipBlanks()
            }
        }
        depth -= 1
    }

    private mutating func attach(_ child: Int, to parent: Int, after last: inout Int) {
        if last < 0 { values[parent].firstChild = child } else { values[last].nextSibling = child }
        last = child
    }

    private mutating func literal(_ text: StaticString) throws(JSONTextError) {
        for byte in "\(text)".utf8 {
            guard skip(byte) else { throw failure("`\(text)`") }
        }
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, byte &- UInt8(ascii: "0") < 10 { position += 1 }
        return position > start
    }

    private mutating func number() throws(JSONTextError) {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")), !digits() { throw failure(position == start ? "a value" : "a digit") }
        if skip(UInt8(ascii: ".")), !digits() { throw failure("a digit") }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            if !digits() { throw failure("a digit") }
        }
    }

    private mutating func string() throws(JSONTextError) {
        let start = position
        var isASCII = true
        position += 1
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("no control character") }
            if byte >= 0x80 { isASCII = false }
            position += 1
            if byte == UInt8(ascii: "\\") { try escape() }
        }
        guard skip(UInt8(ascii: "\"")) else { throw failure("a quote") }
        if !isASCII, String(validating: bytes[start..<position], as: UTF8.self) == nil {
            position = start
            throw failure("a string in UTF-8")
        }
    }

    private mutating func escape() throws(JSONTextError) {
        guard let byte = next, "\"\\/bfnrtu".utf8.contains(byte) else { throw failure("an escaped character") }
        position += 1
        guard byte == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard let digit = next, JSONString.hexadecimal(digit) != nil else { throw failure("a hexadecimal digit") }
            position += 1
        }
    }
}
