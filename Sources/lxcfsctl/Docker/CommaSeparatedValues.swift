/// A line of comma-separated values (RFC 4180), as docker reads the value of `--mount`.
enum CommaSeparatedValues {
    /// The fields without their quotes.
    static func fields(of line: String) -> [String] {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var rest = Substring(line).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"" where isQuoted && rest.first == "\"":
                rest.removeFirst()
                field.unicodeScalars.append(scalar)
            case "\"" where isQuoted || field.isEmpty:
                isQuoted.toggle()
            case "," where !isQuoted:
                fields.append(field)
                field = ""
            default:
                field.unicodeScalars.append(scalar)
            }
        }
        return fields + [field]
    }

    /// The line, with quotes where a field needs them.
    static func line(of fields: [String]) -> String {
        fields.map { field in
            guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return field }
            return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }.joined(separator: ",")
    }
}
