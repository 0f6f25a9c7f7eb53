/// The interface file as a program reads it: every name's parameters, with the types that they name put in their place.
struct InterfaceText {
    private(set) var methods: [String: (parameters: String, reply: String)] = [:]
    private(set) var errors: [String: String] = [:]
    private var types: [String: [Token]] = [:]
    private var tokens: ArraySlice<Token>

    private typealias Token = Substring

    struct Malformed: Error {
        let at: String
    }

    init(_ text: String) throws {
        let code = text.split(separator: "\n").map { $0.prefix { $0 != "#" } }.joined(separator: " ")
        tokens = InterfaceText.tokens(of: code[...])[...]
        try expect("interface")
        _ = try next()
        var later: [(kind: Substring, name: String, parts: [[Token]])] = []
        while let kind = tokens.first {
            tokens.removeFirst()
            let name = String(try next())
            switch kind {
            case "type": types[name] = try parentheses()
            case "error": later.append((kind, name, [try parentheses()]))
            case "method":
                let parameters = try parentheses()
                try expect("->")
                later.append((kind, name, [parameters, try parentheses()]))
            default: throw Malformed(at: String(kind))
            }
        }
        for (kind, name, parts) in later {
            let shapes = try parts.map { try shape(of: $0) }
            if kind == "error" { errors[name] = shapes[0] } else { methods[name] = (shapes[0], shapes[1]) }
        }
    }

    /// `(a: int, b: ?[]string, c: (x, y))`: fields in alphabetical order, values of an enumeration in their own.
    private func shape(of struct: [Token]) throws -> String {
        var rest = `struct`[...]
        return try shape(&rest)
    }

    private func shape(_ rest: inout ArraySlice<Token>) throws -> String {
        guard let first = rest.popFirst() else { throw Malformed(at: "end") }
        switch first {
        case "?", "[]": return String(first) + (try shape(&rest))
        case "(":
            var parts: [String] = []
            var isEnumeration = false
            while let name = rest.popFirst(), name != ")" {
                if name == "," { continue }
                if rest.first == ":" {
                    rest.removeFirst()
                    parts.append("\(name): \(try shape(&rest))")
                } else {
                    isEnumeration = true
                    parts.append(String(name))
                }
            }
            return "(" + (isEnumeration ? parts : parts.sorted()).joined(separator: ", ") + ")"
        case "int", "bool", "string", "float", "object": return String(first)
        default:
            guard let named = types[String(first)] else { throw Malformed(at: "type \(first)") }
            return try shape(of: named)
        }
    }

    private mutating func next() throws -> Token {
        guard let token = tokens.popFirst() else { throw Malformed(at: "end") }
        return token
    }

    private mutating func expect(_ token: Token) throws {
        let found = try next()
        if found != token { throw Malformed(at: "\(found) instead of \(token)") }
    }

    private mutating func parentheses() throws -> [Token] {
        var found: [Token] = []
        var depth = 0
        repeat {
            let token = try next()
            found.append(token)
            if token == "(" { depth += 1 } else if token == ")" { depth -= 1 }
        } while depth > 0
        return found
    }

    private static func tokens(of text: Substring) -> [Token] {
        var rest = text
        var tokens: [Token] = []
        while let first = rest.first {
            if first == " " {
                rest.removeFirst()
            } else if rest.hasPrefix("->") || rest.hasPrefix("[]") {
                tokens.append(rest.prefix(2))
                rest.removeFirst(2)
            } else if "():,?".contains(first) {
                tokens.append(rest.prefix(1))
                rest.removeFirst()
            } else {
                let word = rest.prefix { !"():,?[ ".contains($0) }
                tokens.append(word)
                rest.removeFirst(word.count)
            }
        }
        return tokens
    }
}
