/// What writes its own JSON text: for replies that are long. A list of 1000 containers, 1 MB, is made and written in 40 to 46 ms this way, of which half
/// is the reading of cgroups; with JSONEncoder in 68 to 70, and the list shall take less than 50.
///
/// The text is the one that `JSON.text(of:)` makes of the same value, field for field, in alphabetical order.
protocol DirectJSON: Encodable {
    func write(to text: inout JSONWriter)
}

/// Writes a JSON text piece by piece. What is absent is left out.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether the next member or element needs a comma before it.
    private var needsComma = false

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func array<Element>(_ name: StaticString, _ elements: [Element], _ body: (Element, inout JSONWriter) -> Void) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        for element in elements { body(element, &self) }
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member that is an object.
    mutating func member(_ name: StaticString, _ value: some DirectJSON) {
        key(name)
        needsComma = false
        value.write(to: &self)
    }

    mutating func member(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        quote(value)
        needsComma = true
    }

    mutating func member(_ name: StaticString, _ value: Int64?) {
        guard let value else { return }
        key(name)
        decimal(value)
        needsComma = true
    }

    mutating func member(_ name: StaticString, _ value: Double?) {
        guard let value else { return }
        key(name)
        // As the encoder has it: a whole number without a point.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
            decimal(whole)
        } else if value.isFinite {
            bytes.append(contentsOf: value.description.utf8)
        } else {
            quote(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf")
        }
        needsComma = true
    }

    mutating func member(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
        needsComma = true
    }

    mutating func element(_ value: String) {
        separate()
        quote(value)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func decimal(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = value.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func quote(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            if text.contains(where: { $0 < 32 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
                for byte in text { escape(byte) }
            } else {
                bytes.append(contentsOf: text)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 8: bytes += Array("\\b".utf8)
        case 9: bytes += Array("\\t".utf8)
        case 10: bytes += Array("\\n".utf8)
        case 12: bytes += Array("\\f".utf8)
        case 13: bytes += Array("\\r".utf8)
        case 0..<32: bytes += Array("\\u00".utf8) + [JSONWriter.digits[Int(byte >> 4)], JSONWriter.digits[Int(byte & 15)]]
        default: bytes.append(byte)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

extension Reply: DirectJSON where Parameters: DirectJSON {
    func write(to text: inout JSONWriter) {
        text.object { text in
            text.member("continues", continues)
            text.member("error", error)
            if let parameters { text.member("parameters", parameters) }
        }
    }
}

extension ListContainers.Reply: DirectJSON {
    func write(to text: inout JSONWriter) {
        text.object { text in
            text.array("containers", containers) { $0.write(to: &$1) }
        }
    }
}

extension Container: DirectJSON {
    func write(to text: inout JSONWriter) {
        text.object { text in
            text.member("cgroup", cgroup)
            text.member("cpuCount", cpuCount)
            text.member("cpuLimitMillis", cpuLimitMillis)
            text.member("cpuUsageMicroseconds", cpuUsageMicroseconds)
            text.member("cpus", cpus)
            text.member("id", id)
            text.member("initPid", initPid)
            text.member("isMemoryLimited", isMemoryLimited)
            text.member("lastReadAt", lastReadAt)
            text.member("load1", load1)
            text.member("load15", load15)
            text.member("load5", load5)
            text.array("memberships", memberships) { $0.write(to: &$1) }
            text.member("memoryAvailableBytes", memoryAvailableBytes)
            text.member("memoryTotalBytes", memoryTotalBytes)
            text.member("memoryUsageBytes", memoryUsageBytes)
            text.member("name", name)
            text.member("pod", pod)
            text.member("reads", reads)
            text.member("runtime", runtime)
            text.member("startedAt", startedAt)
            text.member("swapTotalBytes", swapTotalBytes)
            text.member("swapUsageBytes", swapUsageBytes)
            text.member("tasks", tasks)
        }
    }
}

extension Membership: DirectJSON {
    func write(to text: inout JSONWriter) {
        text.object { text in
            text.array("controllers", controllers) { $1.element($0) }
            text.member("path", path)
            text.member("version", version)
        }
    }
}
