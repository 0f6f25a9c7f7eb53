/// Why a text is not taken, or an edit not made. Each description is a sentence that begins small and has no full stop; it does not name the file.
package enum JSONTextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More bytes than `JSONText.greatestSize`.
    case tooLarge(size: Int)
    /// Not what RFC 8259 calls a JSON text. Both numbers begin with 1; a column is a character.
    case syntax(line: Int, column: Int, expected: String)
    /// More arrays and objects in each other than `JSONText.greatestDepth`.
    case tooDeep(line: Int, column: Int)
    /// An object has two members of this name, and programs differ on which of them counts.
    case duplicate(name: String, line: Int, column: Int)
    /// A value on the path of an edit is of another kind than the edit needs.
    case wrongKind(path: [String], expected: JSONNode.Kind)
    /// What an edit should put in is no JSON text.
    case badValue(String)

    package var description: String {
        switch self {
        case .tooLarge(let size):
            "it has \(size) bytes, and \(JSONText.greatestSize) is the most that is read"
        case .syntax(let line, let column, let expected):
            "it is not valid JSON: \(expected) expected in line \(line), column \(column)"
        case .tooDeep(let line, let column):
            "more than \(JSONText.greatestDepth) objects and arrays lie in each other in line \(line), column \(column)"
        case .duplicate(let name, let line, let column):
            "the name `\(name)` comes for the second time in its object in line \(line), column \(column)"
        case .wrongKind(let path, let expected):
            "\(path.isEmpty ? "the whole" : path.joined(separator: ".")) is not \(expected.phrase)"
        case .badValue(let value):
            "`\(value)` is not valid JSON"
        }
    }
}
