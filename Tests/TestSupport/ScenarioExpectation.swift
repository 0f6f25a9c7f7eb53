/// What the container must read in one file.
struct ScenarioExpectation: Sendable {
    enum Kind: Sendable {
        case exactly, lines, host, error
    }

    let kind: Kind
    /// Relative to the container's `/`.
    let path: String
    let text: String

    init?(_ section: ScenarioSection) {
        guard let slash = section.title.firstIndex(of: "/") else { return nil }
        switch section.title[..<slash] {
        case "expect": kind = .exactly
        case "expect-lines": kind = .lines
        case "expect-host": kind = .host
        case "expect-error": kind = .error
        default: return nil
        }
        path = String(section.title[section.title.index(after: slash)...])
        text = section.text
    }

    /// What is different from the expectation, or `nil`.
    func difference(in reader: FixtureReader, root: String) -> String? {
        do {
            let actual = try reader.read(path)
            switch kind {
            case .exactly: return actual == text ? nil : lineDifference(expected: text, actual: actual)
            case .host:
                let hosts = try ScenarioSection.text(ofFile: root + "/" + path)
                return actual == hosts ? nil : lineDifference(expected: hosts, actual: actual)
            case .lines: return missingLine(in: actual)
            case .error: return "expected an error, read:\n" + actual
            }
        } catch {
            guard kind == .error, "\(error)".contains(text.split(separator: "\n").first ?? "") else { return "error: \(error)" }
            return nil
        }
    }

    private func missingLine(in actual: String) -> String? {
        var rest = actual.split(separator: "\n", omittingEmptySubsequences: false)[...]
        for line in text.split(separator: "\n") {
            guard let found = rest.firstIndex(of: line) else { return "not there, or not in this order: '\(line)'\nin:\n\(actual)" }
            rest = rest[(found + 1)...]
        }
        return nil
    }
}

/// The lines that are only in one of two texts, `-` expected and `+` actual, in their order.
package func lineDifference(expected: String, actual: String) -> String {
    let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let got = actual.split(separator: "\n", omittingEmptySubsequences: false)
    var removals: [Int: Substring] = [:]
    var insertions: [Int: Substring] = [:]
    for change in got.difference(from: wanted) {
        switch change {
        case .remove(let offset, let line, _): removals[offset] = line
        case .insert(let offset, let line, _): insertions[offset] = line
        }
    }
    var result: [String] = []
    var wantedLine = 0
    var gotLine = 0
    while wantedLine < wanted.count || gotLine < got.count {
        if let line = removals[wantedLine] {
            result.append("- " + line)
            wantedLine += 1
        } else if let line = insertions[gotLine] {
            result.append("+ " + line)
            gotLine += 1
        } else {
            wantedLine += 1
            gotLine += 1
        }
    }
    return result.joined(separator: "\n")
}
