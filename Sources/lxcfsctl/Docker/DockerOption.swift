/// An option on a command line of docker(1), with the value that it has there.
struct DockerOption: Equatable {
    /// `--volume`, `-v`.
    let name: String
    /// `nil` where it has none.
    let value: String?
}

/// Which options need no value, so that the word behind them is not theirs. All others take one.
struct DockerOptionTable {
    let long: Set<String>
    let short: Set<Character>

    /// Those that stand before the command.
    static let global = DockerOptionTable(long: ["debug", "tls", "tlsverify", "version", "help"], short: ["D", "v"])

    /// Those of `docker run` and `docker create`, from 20.10 to 28.
    static let run = DockerOptionTable(
        long: [
            "detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck", "oom-kill-disable", "privileged",
            "publish-all",
            "quiet", "read-only", "rm", "sig-proxy", "tty", "use-api-socket",
        ], short: ["d", "i", "P", "q", "t"])

    /// The options that the first word holds, with the next one where that is the value: `-itv x:y` are three in two words.
    /// - Returns: how many words they are, zero where the first is no option, or ends them (`--`).
    func options(in words: ArraySlice<String>) -> (count: Int, options: [DockerOption]) {
        guard let word = words.first, word.hasPrefix("-"), word != "-", word != "--" else { return (0, []) }
        let following = words.dropFirst().first
        return word.hasPrefix("--") ? longOption(word.dropFirst(2), following) : shortOptions(word.dropFirst(), following)
    }

    private func longOption(_ word: Substring, _ following: String?) -> (count: Int, options: [DockerOption]) {
        if let sign = word.firstIndex(of: "=") {
            return (1, [DockerOption(name: "--" + word[..<sign], value: String(word[word.index(after: sign)...]))])
        }
        let name = "--" + word
        if long.contains(String(word)) { return (1, [DockerOption(name: name, value: nil)]) }
        return (following == nil ? 1 : 2, [DockerOption(name: name, value: following)])
    }

    private func shortOptions(_ letters: Substring, _ following: String?) -> (count: Int, options: [DockerOption]) {
        var options: [DockerOption] = []
        var rest = letters
        while let letter = rest.popFirst() {
            let name = "-\(letter)"
            if rest.count > 1, rest.first == "=" {
                return (1, options + [DockerOption(name: name, value: String(rest.dropFirst()))])
            } else if short.contains(letter) {
                options.append(DockerOption(name: name, value: nil))
            } else if !rest.isEmpty {
                return (1, options + [DockerOption(name: name, value: String(rest))])
            } else {
                return (following == nil ? 1 : 2, options + [DockerOption(name: name, value: following)])
            }
        }
        return (1, options)
    }
}
