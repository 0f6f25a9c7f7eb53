internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// What the program prints.
enum Output {
    /// Whether the terminal behind a stream has colours and the user wants them: https://no-color.org.
    static func hasColours(_ stream: StandardOutput.Stream = .output) -> Bool {
        let noColour = ProcessEnvironment.value(of: "NO_COLOR") ?? ""
        return noColour.isEmpty && !isTerminalDumb && StandardOutput.isTerminal(stream)
    }

    /// Whether the terminal, if there is one, understands no control sequences.
    static var isTerminalDumb: Bool { (ProcessEnvironment.value(of: "TERM") ?? "dumb") == "dumb" }

    /// Prints lines.
    static func print(_ lines: [Line]) throws(Failure) {
        let inColour = hasColours()
        try write(Array(lines.map { $0.rendered(inColour: inColour) + "\n" }.joined().utf8))
    }

    /// Prints a line.
    static func print(_ line: Line) throws(Failure) {
        try print([line])
    }

    /// Prints a value as JSON.
    /// - Parameter isLine: on one line, for a stream of them.
    static func print(json value: some Encodable, isLine: Bool = false) throws(Failure) {
        try write(Escaping.json(JSON.text(of: value, isForPeople: !isLine)) + [UInt8(ascii: "\n")])
    }

    /// Writes bytes as they are: the text of a file, metrics.
    static func write(_ bytes: [UInt8]) throws(Failure) {
        do throws(Errno) {
            try StandardOutput.write(bytes)
        } catch {
            throw Failure("cannot write to standard output: \(error)")
        }
    }

    /// A sentence on standard error.
    static func complain(_ sentence: String) {
        let name = StyledText("lxcfsctl:", .bad).rendered(inColour: hasColours(.error))
        // There is nobody left to tell where this fails.
        try? StandardOutput.write(Array("\(name) \(Escaping.shown(sentence))\n".utf8), to: .error)
    }
}
