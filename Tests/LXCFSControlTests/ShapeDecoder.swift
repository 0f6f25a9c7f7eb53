import Synchronization

/// Tells what a type takes from a JSON text, as the interface file would write it: it is decoded from nothing, and asked for its fields meanwhile.
enum Shape {
    static func of<Value: Decodable>(_ type: Value.Type) throws -> String {
        if let known = simple(type) { return known }
        let fields = Fields()
        _ = try type.init(from: Recorder(fields: fields))
        return "(" + fields.lines.withLock { $0 }.sorted().joined(separator: ", ") + ")"
    }

    fileprivate static func simple(_ type: any Decodable.Type) -> String? {
        switch type {
        case is String.Type: "string"
        case is Bool.Type: "bool"
        case is Double.Type: "float"
        case is Int64.Type: "int"
        case let list as any ListShape.Type: try? "[]" + list.elementShape()
        case let choice as any (CaseIterable & RawRepresentable<String>).Type: "(" + names(choice).joined(separator: ", ") + ")"
        default: nil
        }
    }

    private static func names<Choice: CaseIterable & RawRepresentable<String>>(_ type: Choice.Type) -> [String] {
        type.allCases.map(\.rawValue)
    }

    fileprivate static func firstCase<Choice: CaseIterable>(_ type: Choice.Type) -> Any? { type.allCases.first }
}

private protocol ListShape {
    static func elementShape() throws -> String
    static var none: Any { get }
}

extension Array: ListShape where Element: Decodable {
    static func elementShape() throws -> String { try Shape.of(Element.self) }
    static var none: Any { Self() }
}

private final class Fields: Sendable {
    let lines = Mutex<[String]>([])
}

private struct Recorder: Decoder {
    let fields: Fields
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed(fields: fields))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unexpected() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Unexpected() }
}

private struct Unexpected: Error {}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let fields: Fields
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { false }
    func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> { throw Unexpected() }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Unexpected() }
    func superDecoder() throws -> any Decoder { throw Unexpected() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Unexpected() }

    private func note(_ key: Key, _ shape: String) {
        fields.lines.withLock { $0.append("\(key.stringValue): \(shape)") }
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        note(key, try Shape.of(type))
        let made: Any?
        switch type {
        case is String.Type: made = ""
        case is Bool.Type: made = false
        case is Double.Type: made = 0.0
        case is Int64.Type: made = Int64(0)
        case let list as any ListShape.Type: made = list.none
        case let choice as any CaseIterable.Type: made = Shape.firstCase(choice)
        default: made = try type.init(from: Recorder(fields: Fields()))
        }
        guard let value = made as? Value else { throw Unexpected() }
        return value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        note(key, "?" + (try Shape.of(type)))
        return nil
    }

    // What the compiler makes for the types of the language does not come to the two above.
    func decode(_ type: String.Type, forKey key: Key) throws -> String { note(key, "string"); return "" }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { note(key, "bool"); return false }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { note(key, "float"); return 0 }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { note(key, "int"); return 0 }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { note(key, "?string"); return nil }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { note(key, "?bool"); return nil }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { note(key, "?float"); return nil }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { note(key, "?int"); return nil }
}
