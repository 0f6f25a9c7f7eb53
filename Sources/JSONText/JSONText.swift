/// A JSON text (RFC 8259) that is changed in place: what is not changed stays as it is, byte for byte.
///
/// For files that belong to others: a number that no type here could hold, the order of members, blanks and the way of escaping survive, because
/// nobody touches them. A path is the names of members from the root on; what is added is written like its neighbours.
package struct JSONText: Sendable {
    /// The most bytes that a text may have.
    package static let greatestSize = 16 << 20
    /// The most objects and arrays that may lie in each other.
    package static let greatestDepth = 256

    /// The whole text: always a valid one.
    package private(set) var bytes: [UInt8]
    private var values: [JSONValue]

    /// - Throws: for what is not a JSON text: where it is not, or that it is too large or too deep, or that a name comes twice in an object.
    package init(_ bytes: [UInt8]) throws(JSONTextError) {
        values = try JSONParser.values(of: bytes)
        self.bytes = bytes
    }

    package var root: JSONNode { JSONNode(bytes, values, 0) }

    /// The value at the path; `nil` where there is none.
    package func node(at path: [String]) -> JSONNode? {
        var node = root
        for name in path {
            guard let next = node[name] else { return nil }
            node = next
        }
        return node
    }

    /// The text as a JSON string, with its quotes.
    package static func quoted(_ text: String) -> String { JSONString.quoted(text) }

    /// Replaces the value at the path, or adds it, with the objects between it and the root that are not there yet, or are null.
    /// - Parameter value: a JSON text.
    /// - Throws: `.badValue`; `.wrongKind` where the path leads through what is not an object. Nothing is changed then.
    package mutating func set(_ value: String, at path: [String]) throws(JSONTextError) {
        let new = try JSONText.parsed(value)
        guard let name = path.last else { return try replace(root.range, with: Array(new.raw)) }
        var parent = root
        for (index, step) in path.dropLast().enumerated() {
            try parent.require(.object, path.prefix(index))
            guard let next = parent[step], next.kind != .null else {
                // Objects that are not there yet are a part of the value.
                let inner = path[(index + 1)...].reversed().reduce(value) { "{\(JSONText.quoted($1)):\($0)}" }
                return try put(try JSONText.parsed(inner), named: step, into: parent)
            }
            parent = next
        }
        try parent.require(.object, path.dropLast())
        try put(new, named: name, into: parent)
    }

    private mutating func put(_ new: JSONNode, named name: String, into parent: JSONNode) throws(JSONTextError) {
        guard let old = parent[name] else { return try add([(name, new)], to: parent) }
        try replace(old.range, with: JSONLayout(beside: parent, in: self).text(of: new))
    }

    /// Adds elements at the end of the array at the path, which is made if it is not there or is null.
    /// - Parameter elements: JSON texts.
    /// - Throws: `.badValue`; `.wrongKind` where there is something else than an array, or the path leads through what is not an object.
    package mutating func append(_ elements: [String], toArrayAt path: [String]) throws(JSONTextError) {
        guard !elements.isEmpty else { return }
        guard let array = node(at: path), array.kind != .null else {
            return try set("[\(elements.joined(separator: ","))]", at: path)
        }
        try array.require(.array, path[...])
        var new: [(String?, JSONNode)] = []
        for element in elements { new.append((nil, try JSONText.parsed(element))) }
        try add(new, to: array)
    }

    /// Removes the member at the path; the object that it was in stays, even if nothing is left in it. A member that is not there is no error.
    package mutating func remove(at path: [String]) throws(JSONTextError) {
        guard let name = path.last else { throw .wrongKind(path: [], expected: .null) }
        guard let parent = node(at: path.dropLast()) else { return }
        let members = parent.members
        guard let index = members.firstIndex(where: { $0.name.map { $0.utf8.elementsEqual(name.utf8) } ?? false }) else { return }
        let member = members[index]
        let start = member.nameRange?.lowerBound ?? member.range.lowerBound
        if index > 0 {
            try replace(members[index - 1].range.upperBound..<member.range.upperBound, with: [])
        } else if members.count > 1 {
            try replace(start..<(members[1].nameRange?.lowerBound ?? member.range.upperBound), with: [])
        } else {
            try replace(parent.range, with: Array("{}".utf8))
        }
    }

    private static func parsed(_ value: String) throws(JSONTextError) -> JSONNode {
        do throws(JSONTextError) {
            return try JSONText(Array(value.utf8)).root
        } catch {
            throw .badValue(value.count > 80 ? value.prefix(80) + "..." : value)
        }
    }

    private mutating func add(_ new: [(name: String?, value: JSONNode)], to parent: JSONNode) throws(JSONTextError) {
        let layout = JSONLayout(beside: parent, in: self)
        let children = parent.kind == .object ? parent.members : parent.elements
        var added: [UInt8] = []
        for (index, child) in new.enumerated() {
            let isFirst = index == 0 && children.isEmpty
            if !isFirst { added.append(UInt8(ascii: ",")) }
            added += layout.line ?? (isFirst ? [] : layout.afterComma)
            if let name = child.name {
                added += Array((JSONText.quoted(name) + ":").utf8)
                added += layout.afterColon
            }
            added += layout.text(of: child.value)
        }
        if let last = children.last {
            return try replace(last.range.upperBound..<last.range.upperBound, with: added)
        }
        if let line = layout.line { added += line.dropLast(layout.unit.count) }
        try replace(parent.range.lowerBound + 1..<parent.range.upperBound - 1, with: added)
    }

    private mutating func replace(_ range: Range<Int>, with new: [UInt8]) throws(JSONTextError) {
        var changed = bytes
        changed.replaceSubrange(range, with: new)
        values = try JSONParser.values(of: changed)
        bytes = changed
    }
}

extension JSONNode {
    fileprivate func require(_ kind: Kind, _ path: ArraySlice<String>) throws(JSONTextError) {
        guard self.kind == kind else { throw .wrongKind(path: Array(path), expected: kind) }
    }
}
