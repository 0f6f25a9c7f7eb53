import Foundation
import JSONText
import TestSupport
import Testing

/// Foundation's decoder says what a text means: an edit changes nothing else.
@Suite("Random edits of random JSON texts")
struct RandomEditsTests {
    @Test func aSetMemberIsAllThatChanges() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<400 {
            let original = generator.object(depth: 3, isSpaced: Bool.random(using: &generator))
            var text = try JSONText(Array(original.utf8))
            let path = generator.path(in: text.root)
            let value = generator.value(depth: 2, isSpaced: true)
            let before = try #require(decoded(text) as? [String: Any])
            try text.set(value, at: path)
            let expected = setting(try decoded(Array(value.utf8)), path[...], in: before)
            #expect((try decoded(text) as? NSDictionary) == expected as NSDictionary, "\(original)\nset \(path) to \(value)")
            try text.remove(at: path)
            #expect(text.node(at: path) == nil)
            _ = try decoded(text)
        }
    }

    @Test func appendedElementsAreAllThatChanges() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<400 {
            let original = generator.array(depth: 3, isSpaced: Bool.random(using: &generator))
            var text = try JSONText(Array("{\"a\":\(original)}".utf8))
            let before = try #require((decoded(text) as? [String: Any])?["a"] as? [Any])
            let elements = (0..<3).map { _ in generator.value(depth: 2, isSpaced: true) }
            try text.append(elements, toArrayAt: ["a"])
            let new = try elements.map { try decoded(Array($0.utf8)) }
            #expect(((try decoded(text) as? [String: Any])?["a"] as? NSArray) == (before + new) as NSArray, "\(original)")
            #expect(String(decoding: text.bytes, as: UTF8.self).contains(original.dropLast().trimmingSuffix()))
        }
    }

    /// What a damaged text is taken for, Foundation takes too; and nothing stops the process.
    @Test func damagedTextsAreRefusedOrRead() throws {
        var generator = SeededGenerator(seed: 3)
        var refused = 0
        for _ in 0..<3000 {
            let original = Array(generator.object(depth: 3, isSpaced: true).utf8)
            var bytes = original
            if Bool.random(using: &generator) {
                bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] = "{}[]\",:\\u0e-.\n\u{1}é".utf8.randomElement(using: &generator) ?? 0
                }
            }
            do throws(JSONTextError) {
                var text = try JSONText(bytes)
                let raw = text.bytes
                // Half a pair of surrogates is in the grammar, and Go takes it; Foundation does not.
                if !String(decoding: raw, as: UTF8.self).contains("\\ude00") { #expect(throws: Never.self) { try decoded(raw) } }
                try text.set("1", at: generator.path(in: text.root))
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 500)
    }

    private func decoded(_ text: JSONText) throws -> Any { try decoded(text.bytes) }

    private func decoded(_ bytes: [UInt8]) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    private func setting(_ value: Any, _ path: ArraySlice<String>, in object: [String: Any]) -> [String: Any] {
        guard let name = path.first else { return object }
        var result = object
        result[name] = path.count == 1 ? value : setting(value, path.dropFirst(), in: object[name] as? [String: Any] ?? [:])
        return result
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix() -> SubSequence {
        var result = self[...]
        while let last = result.last, last.isWhitespace { result.removeLast() }
        return result
    }
}

extension SeededGenerator {
    fileprivate mutating func value(depth: Int, isSpaced: Bool) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
        case 0: ["true", "false", "null"].randomElement(using: &self) ?? ""
        case 1: ["0", "-1", "1.5", "1e3", "-0.25E-2", "123456789"].randomElement(using: &self) ?? ""
        case 2...5: string()
        case 6: object(depth: depth - 1, isSpaced: isSpaced)
        default: array(depth: depth - 1, isSpaced: isSpaced)
        }
    }

    private mutating func string() -> String {
        ["\"\"", "\"plain\"", "\"\\u00e9\\n\"", "\"é😀\"", "\"{[,]}\\\"\"", "\"\\ud83d\\ude00\""].randomElement(using: &self) ?? ""
    }

    private mutating func blank(_ isSpaced: Bool) -> String {
        isSpaced ? ["", " ", "\n", "\n\t", "\r\n  "].randomElement(using: &self) ?? "" : ""
    }

    fileprivate mutating func object(depth: Int, isSpaced: Bool) -> String {
        var members: [String] = []
        for name in ["a", "b", "c", "d\\u0065"].prefix(Int.random(in: 0...4, using: &self)) {
            let blanks = (0..<4).map { _ in blank(isSpaced) }
            members.append("\(blanks[0])\"\(name)\"\(blanks[1]):\(blanks[2])\(value(depth: depth, isSpaced: isSpaced))\(blanks[3])")
        }
        return "{\(members.joined(separator: ","))\(blank(isSpaced))}"
    }

    fileprivate mutating func array(depth: Int, isSpaced: Bool) -> String {
        var elements: [String] = []
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            elements.append("\(blank(isSpaced))\(value(depth: depth, isSpaced: isSpaced))\(blank(isSpaced))")
        }
        return "[\(elements.joined(separator: ","))\(blank(isSpaced))]"
    }

    /// Through objects, as far as they are there.
    fileprivate mutating func path(in root: JSONNode) -> [String] {
        var path: [String] = []
        var node: JSONNode? = root
        repeat {
            let name = ["a", "b", "de", "new"].randomElement(using: &self) ?? ""
            path.append(name)
            node = node?[name]
        } while node?.kind == .object && Bool.random(using: &self)
        if node == nil, Bool.random(using: &self) { path.append("newer") }
        return path
    }
}
