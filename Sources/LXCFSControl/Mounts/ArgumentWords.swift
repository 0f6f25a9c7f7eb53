/// Words of a command line. They are handed over unquoted, `docker run $(lxcfsctl mounts) IMAGE`, or pasted: nothing in them may mean anything to a shell.
enum ArgumentWords {
    /// A list of words on one line.
    static func line(_ words: [String]) -> String { words.joined(separator: " ") + "\n" }

    /// The path, where it can stand in a word as it is.
    /// - Parameter separators: characters that part the word for the program that it is for.
    static func word(_ path: String, in format: MountFormat, separators: Set<Character>) throws(MountListError) -> String {
        if let character = path.first(where: { separators.contains($0) || !isPlain($0) }) {
            throw .unwritable(path: path, format: format, character: name(of: character))
        }
        return path
    }

    /// Whether every shell leaves the character alone wherever it stands in a word that begins with something else.
    private static func isPlain(_ character: Character) -> Bool {
        guard let ascii = character.asciiValue else { return !character.isWhitespace }
        return character.isLetter || character.isNumber || "/._-+@%=,:".utf8.contains(ascii)
    }

    /// For people.
    static func name(of character: Character) -> String {
        switch character {
        case " ": "a blank"
        case "\n", "\r", "\r\n": "a line break"
        case "\t": "a tab"
        case ":": "a colon"
        case ",": "a comma"
        case "\"", "'", "`": "a quote"
        case "\\": "a backslash"
        default: character.isWhitespace || (character.asciiValue ?? 32) < 32 ? "a control character" : "`\(character)`"
        }
    }
}
