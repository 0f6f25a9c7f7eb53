/// A text in the OpenMetrics format, written family by family: https://openmetrics.io.
struct OpenMetricsText {
    /// What kind of numbers a family has.
    enum Kind: String {
        case gauge, counter, histogram, info
    }

    /// A name and a value that tell one sample of a family from another.
    typealias Label = (name: String, value: String)

    private var text = ""
    private var name = ""

    /// Begins a family: whatever is added next belongs to it.
    /// - Parameter unit: in which its numbers are; the family's name ends with it.
    mutating func begin(_ name: String, _ kind: Kind, unit: String? = nil, _ help: String) {
        self.name = "lxcfs_" + name
        text += "# TYPE \(self.name) \(kind.rawValue)\n"
        if let unit { text += "# UNIT \(self.name) \(unit)\n" }
        text += "# HELP \(self.name) \(OpenMetricsText.escaped(help))\n"
    }

    /// Adds a sample.
    /// - Parameter suffix: what its name has more than the family's: `_total`.
    mutating func add(_ value: String, suffix: String = "", _ labels: [Label] = []) {
        text += name + suffix
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(OpenMetricsText.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// A family of one number.
    mutating func add(gauge name: String, unit: String? = nil, _ value: Int64, _ help: String) {
        begin(name, .gauge, unit: unit, help)
        add("\(value)")
    }

    /// A family of one number that only grows.
    mutating func add(counter name: String, unit: String? = nil, _ value: Int64, _ help: String) {
        begin(name, .counter, unit: unit, help)
        add("\(value)", suffix: "_total")
    }

    /// The whole text; nothing may be added to it.
    var whole: String { text + "# EOF\n" }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
