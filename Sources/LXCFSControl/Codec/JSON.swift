internal import FoundationEssentials

// The one file that knows Foundation: its JSON coder, and nothing else of it.

/// JSON texts, RFC 8259.
package enum JSON {
    /// Why a text is not what was expected.
    package enum Fault: Error, Equatable {
        /// No JSON, or not of this kind at all.
        case malformed
        /// More levels of arrays and objects than are allowed.
        case tooDeep
        /// A value is missing or of the wrong type; where, `parameters.files.0`.
        case unexpected(path: String)
    }

    /// The text of a value, its fields in alphabetical order.
    /// - Parameter isForPeople: on several lines, indented.
    package static func text(of value: some Encodable, isForPeople: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            isForPeople ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // Nothing of ours can fail to be encoded.
        return (try? encoder.encode(value)).map { Array($0) } ?? []
    }

    /// The value that a text describes. What the type does not know is passed over.
    package static func value<Value: Decodable>(
        of text: some Collection<UInt8>, as type: Value.Type = Value.self, nesting: Int = 512
    ) throws(Fault) -> Value {
        // An array: looking at each byte of just any collection takes longer than decoding.
        let bytes = Array(text)
        guard isNested(bytes, atMost: nesting) else { throw .tooDeep }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw Fault(error)
        } catch {
            throw .malformed
        }
    }

    /// Looked at before anything recurses.
    private static func isNested(_ text: [UInt8], atMost limit: Int) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > limit { return false }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return true
    }
}

extension JSON.Fault {
    fileprivate init(_ error: DecodingError) {
        func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            (context.codingPath + (key.map { [$0] } ?? [])).map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): self = .unexpected(path: path(context))
        case .keyNotFound(let key, let context): self = .unexpected(path: path(context, key))
        case .dataCorrupted(let context): self = context.codingPath.isEmpty ? .malformed : .unexpected(path: path(context))
        @unknown default: self = .malformed
        }
    }
}
