/// How the neighbourhood of an edit is written.
struct JSONLayout {
    /// Newline and indentation of the lines that new members or elements begin; `nil` where they stand on one line.
    var line: [UInt8]?
    /// What one level of indentation is made of.
    var unit: [UInt8]
    /// Newline of the text: one character, or two.
    var newline: [UInt8]
    /// After the comma of a line, and after a colon.
    var afterComma: [UInt8]
    var afterColon: [UInt8]

    /// The value as it is written here, below a line that begins like `line`.
    func text(of value: JSONNode) -> [UInt8] {
        var result: [UInt8] = []
        write(value, line ?? [], into: &result)
        return result
    }

    private func write(_ value: JSONNode, _ line: [UInt8], into result: inout [UInt8]) {
        let children = value.kind == .object ? value.members : value.elements
        guard !children.isEmpty else {
            switch value.kind {
            case .object: result += Array("{}".utf8)
            case .array: result += Array("[]".utf8)
            default: result += value.raw
            }
            return
        }
        let isObject = value.kind == .object
        result.append(UInt8(ascii: isObject ? "{" : "["))
        let inner = self.line == nil ? [] : line + unit
        for (index, child) in children.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result += self.line == nil ? (index > 0 ? afterComma : []) : inner
            if let name = child.rawName {
                result += name
                result.append(UInt8(ascii: ":"))
                result += afterColon
            }
            write(child, inner, into: &result)
        }
        if self.line != nil { result += line }
        result.append(UInt8(ascii: isObject ? "}" : "]"))
    }

    /// The layout for what comes to be beside the members or elements of `parent`.
    init(beside parent: JSONNode, in text: JSONText) {
        let bytes = text.bytes
        let root = text.root
        newline = JSONLayout.newline(of: bytes)
        unit = JSONLayout.unit(of: root, bytes)
        let children = parent.kind == .object ? parent.members : parent.elements
        let member = [children.last, parent, root.members.last].compactMap(\.self).first { $0.nameRange != nil }
        afterColon = member.map { JSONLayout.afterColon($0, bytes) } ?? [0x20]
        afterComma = afterColon
        if let last = children.last {
            let lead = JSONLayout.lead(of: last, bytes)
            if lead.contains(UInt8(ascii: "\n")) {
                line = newline + JSONLayout.indentation(lead)
            } else if children.count > 1 {
                afterComma = lead
            }
        } else if JSONLayout.hasLines(root, bytes) {
            line = newline + JSONLayout.indentation(ofLineAt: parent.range.lowerBound, bytes) + unit
        }
    }

    /// What lies between a member or an element and the comma or bracket before it.
    static func lead(of child: JSONNode, _ bytes: [UInt8]) -> [UInt8] {
        let end = child.nameRange?.lowerBound ?? child.range.lowerBound
        var start = end
        while start > 0, bytes[start - 1] == 0x20 || bytes[start - 1] == 0x09 || bytes[start - 1] == 0x0A || bytes[start - 1] == 0x0D {
            start -= 1
        }
        return Array(bytes[start..<end])
    }

    private static func indentation(_ lead: [UInt8]) -> [UInt8] {
        Array(lead.suffix(from: (lead.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1))
    }

    private static func indentation(ofLineAt position: Int, _ bytes: [UInt8]) -> [UInt8] {
        let start = (bytes[..<position].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        return Array(bytes[start..<position].prefix { $0 == 0x20 || $0 == 0x09 })
    }

    private static func newline(of bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return [0x0A] }
        return first > 0 && bytes[first - 1] == 0x0D ? [0x0D, 0x0A] : [0x0A]
    }

    /// Whether the members of the root have lines of their own. An empty text has people for its readers, who are about to get more to read.
    private static func hasLines(_ root: JSONNode, _ bytes: [UInt8]) -> Bool {
        guard let first = root.members.first ?? root.elements.first else { return true }
        return lead(of: first, bytes).contains(UInt8(ascii: "\n"))
    }

    private static func unit(of root: JSONNode, _ bytes: [UInt8]) -> [UInt8] {
        guard let first = root.members.first ?? root.elements.first else { return [0x20, 0x20] }
        let lead = lead(of: first, bytes)
        let unit = lead.contains(UInt8(ascii: "\n")) ? indentation(lead) : []
        return unit.isEmpty ? [0x20, 0x20] : unit
    }

    private static func afterColon(_ member: JSONNode, _ bytes: [UInt8]) -> [UInt8] {
        guard let name = member.nameRange else { return [] }
        let between = bytes[name.upperBound..<member.range.lowerBound]
        guard let colon = between.firstIndex(of: UInt8(ascii: ":")) else { return [] }
        let after = between[(colon + 1)...]
        return after.contains(UInt8(ascii: "\n")) ? [0x20] : Array(after)
    }
}
