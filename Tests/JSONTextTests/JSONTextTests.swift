import JSONText
import Testing

@Suite("A JSON text that is changed in place")
struct JSONTextTests {
    private func text(_ text: String) throws -> JSONText { try JSONText(Array(text.utf8)) }

    private func string(_ text: JSONText) -> String { String(decoding: text.bytes, as: UTF8.self) }

    @Test func aMemberIsAddedAsItsNeighboursAreWritten() throws {
        var pretty = try text("{\n\t\"a\": 18446744073709551615,\n\t\"b\": [1e400]\n}\n")
        try pretty.set(#"{"path":"/usr/bin/x","list":[1,"two"],"none":{}}"#, at: ["c"])
        #expect(
            string(pretty) == """
                {
                \t"a": 18446744073709551615,
                \t"b": [1e400],
                \t"c": {
                \t\t"path": "/usr/bin/x",
                \t\t"list": [
                \t\t\t1,
                \t\t\t"two"
                \t\t],
                \t\t"none": {}
                \t}
                }

                """)
        var compact = try text(#"{"a":1,"b":{}}"#)
        try compact.set(#"{"d": [1, 2]}"#, at: ["b", "c"])
        #expect(string(compact) == #"{"a":1,"b":{"c":{"d":[1,2]}}}"#)
        var spaced = try text(#"{"a": 1}"#)
        try spaced.set("[1,2]", at: ["b"])
        #expect(string(spaced) == #"{"a": 1, "b": [1, 2]}"#)
    }

    @Test func objectsInBetweenAreMade() throws {
        var empty = try text("{}\n")
        try empty.set(#""/usr/bin/lxcfs-runtime""#, at: ["runtimes", "lxcfs", "path"])
        #expect(string(empty) == "{\n  \"runtimes\": {\n    \"lxcfs\": {\n      \"path\": \"/usr/bin/lxcfs-runtime\"\n    }\n  }\n}\n")
        var inner = try text("{\r\n    \"hooks\": {},\r\n    \"b\": true\r\n}")
        try inner.append([#"{"path":"/x"}"#], toArrayAt: ["hooks", "createContainer"])
        #expect(
            string(inner)
                == "{\r\n    \"hooks\": {\r\n        \"createContainer\": [\r\n            {\r\n                \"path\": \"/x\"\r\n"
                + "            }\r\n        ]\r\n    },\r\n    \"b\": true\r\n}")
    }

    @Test func elementsAreAppendedAndAnArrayIsMadeWhereNoneIs() throws {
        var array = try text(#"{"mounts":[{"a":1}],"none":null,"empty":[]}"#)
        try array.append(["1", "{ \"b\" : 2 }"], toArrayAt: ["mounts"])
        try array.append(["2"], toArrayAt: ["none"])
        try array.append(["3", "4"], toArrayAt: ["empty"])
        try array.append(["5"], toArrayAt: ["new"])
        try array.append([], toArrayAt: ["newer"])
        var lines = try text("{\n \"a\": [\n  1\n ]\n}")
        try lines.append([#"{"b":2}"#], toArrayAt: ["a"])
        #expect(string(lines) == "{\n \"a\": [\n  1,\n  {\n   \"b\": 2\n  }\n ]\n}")
        #expect(string(array) == #"{"mounts":[{"a":1},1,{"b":2}],"none":[2],"empty":[3,4],"new":[5]}"#)
    }

    @Test func aValueIsReplacedAndTheRestStays() throws {
        var text = try text("{ \"a\" :\t\"\\u0041\\/\" , \"b\" : 1.50e+07 }")
        try text.set("false", at: ["b"])
        #expect(string(text) == "{ \"a\" :\t\"\\u0041\\/\" , \"b\" : false }")
        try text.set("[]", at: [])
        #expect(string(text) == "[]")
    }

    /// What is added and removed again leaves no trace.
    @Test(arguments: ["{\n  \"a\": 1\n}\n", #"{"a":1}"#, #"{"a": {}, "b": 2}"#, "{}", "[]"])
    func removingUndoesAdding(_ original: String) throws {
        var text = try text(original)
        guard text.root.kind == .object else {
            #expect(throws: JSONTextError.wrongKind(path: [], expected: .object)) { try text.set("1", at: ["new"]) }
            return
        }
        try text.set(#"{"x": [1]}"#, at: ["new"])
        #expect(text.node(at: ["new", "x"])?.elements.map(\.integerValue) == [1])
        try text.remove(at: ["new"])
        try text.remove(at: ["not", "there"])
        #expect(string(text) == original)
    }

    @Test func aMemberIsRemovedWithItsCommaWhereverItStands() throws {
        for (name, left) in [("a", #"{"b": 2, "c": 3}"#), ("b", #"{"a": 1, "c": 3}"#), ("c", #"{"a": 1, "b": 2}"#)] {
            var text = try text(#"{"a": 1, "b": 2, "c": 3}"#)
            try text.remove(at: [name])
            #expect(string(text) == left)
        }
    }

    @Test func editsThatMakeNoSenseChangeNothing() throws {
        let original = #"{"a":[1],"b":"text"}"#
        var text = try text(original)
        #expect(throws: JSONTextError.wrongKind(path: ["a"], expected: .object)) { try text.set("1", at: ["a", "x"]) }
        #expect(throws: JSONTextError.wrongKind(path: ["b"], expected: .array)) { try text.append(["1"], toArrayAt: ["b"]) }
        #expect(throws: JSONTextError.badValue("{")) { try text.set("{", at: ["c"]) }
        #expect(throws: JSONTextError.badValue("1,2")) { try text.append(["1,2"], toArrayAt: ["a"]) }
        #expect(string(text) == original)
    }

    @Test func stringsAreReadAndWritten() throws {
        let text = try text(#"{"a\u0062":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800é"}"#)
        #expect(text.node(at: ["ab"])?.stringValue == "\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}é")
        #expect(text.node(at: ["ab"])?.name == "ab")
        for string in ["", "plain", "\"\\/\u{8}\u{c}\n\r\t\u{1f}\u{0}é😀"] {
            #expect(try self.text(JSONText.quoted(string)).root.stringValue == string)
        }
        // The same letter in two ways of writing is two names.
        let accents = try self.text("{\"\u{e9}\":1,\"e\u{301}\":2}")
        #expect(accents.node(at: ["e\u{301}"])?.integerValue == 2)
    }

    @Test(arguments: [
        ("", 1, 1, "a value"), ("{", 1, 2, "a name in quotes"), ("{\n\"a\" 1}", 2, 5, "a colon"), ("[1,]", 1, 4, "a value"),
        ("{\"a\":1,}", 1, 8, "a name in quotes"), ("[1 2]", 1, 4, "a comma or `]`"), ("01", 1, 2, "the end"), ("-", 1, 2, "a digit"),
        ("1.", 1, 3, "a digit"), ("1e", 1, 3, "a digit"), ("tru", 1, 4, "`true`"), ("\"a", 1, 3, "a quote"),
        ("\"\u{1}\"", 1, 2, "no control character"), ("\"\\x\"", 1, 3, "an escaped character"),
        ("\"\\u12g4\"", 1, 6, "a hexadecimal digit"),
        ("[\"é\", nul]", 1, 10, "`null`"), ("{} {}", 1, 4, "the end"), ("// no\n{}", 1, 1, "a value"), ("NaN", 1, 1, "a value"),
    ])
    func whatIsNotJSONIsRefusedWithItsPlace(_ input: String, _ line: Int, _ column: Int, _ expected: String) {
        #expect(throws: JSONTextError.syntax(line: line, column: column, expected: expected)) { try text(input) }
    }

    @Test func whatReadersUnderstandInTwoWaysIsRefused() {
        #expect(throws: JSONTextError.duplicate(name: "a", line: 1, column: 8)) { try text(#"{"a":1,"\u0061":2}"#) }
        #expect(throws: JSONTextError.syntax(line: 1, column: 2, expected: "a string in UTF-8")) {
            try JSONText([UInt8(ascii: "["), UInt8(ascii: "\""), 0xC0, 0xAF, UInt8(ascii: "\""), UInt8(ascii: "]")])
        }
    }

    @Test func sizeAndDepthAreBounded() throws {
        let deep = JSONText.greatestDepth
        _ = try text(String(repeating: "[", count: deep) + String(repeating: "]", count: deep))
        #expect(throws: JSONTextError.tooDeep(line: 1, column: deep + 1)) { try text(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONTextError.tooLarge(size: JSONText.greatestSize + 1)) {
            try JSONText([UInt8](repeating: 0x20, count: JSONText.greatestSize + 1))
        }
    }
}
