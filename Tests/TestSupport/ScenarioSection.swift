internal import SystemPackage

/// A part of a scenario file: a title and the lines below it.
struct ScenarioSection {
    /// The title without the phase.
    var title: String
    /// Which read it belongs to: 0 for the first, 1 for `then/`, 2 for `then2/`.
    var phase: Int
    /// The lines with their newlines.
    var text: String

    /// The sections of a file, those of included files in the place of the include.
    static func all(file: String, in folder: String) throws -> [ScenarioSection] {
        var sections: [ScenarioSection] = []
        var own: [Int] = []
        var isComment = true
        for line in try content(of: folder + "/" + file).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("-- "), line.hasSuffix(" --"), line.count > 6 {
                let title = String(line.dropFirst(3).dropLast(3))
                isComment = title.hasPrefix("include ")
                if isComment {
                    sections += try all(file: String(title.dropFirst("include ".count)), in: folder)
                } else {
                    own.append(sections.count)
                    sections.append(ScenarioSection(heading: title))
                }
            } else if !isComment, let last = sections.indices.last {
                sections[last].text += line + "\n"
            }
        }
        // The file's own last newline ends its last line and starts no other; a blank line before the next title is only for the eye.
        // Those of included files have lost theirs already.
        for index in own where sections[index].text.hasSuffix("\n\n") || sections[index].text == "\n" {
            sections[index].text.removeLast()
        }
        return sections
    }

    private init(heading: String) {
        title = heading
        phase = 0
        text = ""
        guard heading.hasPrefix("then"), let slash = heading.firstIndex(of: "/") else { return }
        let number = heading[heading.index(heading.startIndex, offsetBy: 4)..<slash]
        phase = number.isEmpty ? 1 : Int(number) ?? 1
        title = String(heading[heading.index(after: slash)...])
    }

    private static func content(of path: String) throws -> String {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65536)
                while case let count = try chunk.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 { bytes += chunk[..<count] }
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            throw ScenarioError("cannot read \(path): \(error)")
        }
    }

    /// The text of a file of a made-up host.
    static func text(ofFile path: String) throws -> String { try content(of: path) }
}
