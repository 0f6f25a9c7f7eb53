/// What is to be known of a command line of docker(1) before something can be put into it.
struct DockerCommandLine: Equatable {
    /// Those that stand before the command.
    private(set) var globalOptions: [DockerOption] = []
    /// `nil` where no container is made.
    private(set) var creation: Creation?

    /// A container that is made: `run`, `create`, and both behind `container`.
    struct Creation: Equatable {
        /// The place behind the command, where its options begin.
        var place: Int
        /// Those before the image. What stands behind it is the container's own.
        var options: [DockerOption] = []
    }

    /// - Parameter words: without the name of the program.
    init(_ words: [String]) {
        var rest = words[...]
        globalOptions = DockerCommandLine.takeOptions(.global, from: &rest)
        // It ends them, and docker goes on with its command.
        if rest.first == "--" { rest.removeFirst() }
        if rest.first == "container" { rest.removeFirst() }
        guard let command = rest.popFirst(), command == "run" || command == "create" else { return }
        var creation = Creation(place: rest.startIndex)
        creation.options = DockerCommandLine.takeOptions(.run, from: &rest)
        // It will say how it is used, and make nothing.
        guard !creation.options.contains(where: { $0.name == "--help" }) else { return }
        self.creation = creation
    }

    private static func takeOptions(_ table: DockerOptionTable, from rest: inout ArraySlice<String>) -> [DockerOption] {
        var all: [DockerOption] = []
        while true {
            let (count, options) = table.options(in: rest)
            guard count > 0 else { return all }
            all += options
            rest = rest.dropFirst(count)
        }
    }

    /// Options of `lxcfsctl docker` itself.
    private static let ownFlags: Set<String> = ["--optional", "--json", "--help", "-h"]
    private static let ownOptions: Set<String> = ["--only", "--except", "--socket"]

    /// The command line of this program with the options of `lxcfsctl docker` in front and `--` behind them, wherever they stand before docker's
    /// command. A `lxcfs` there is left out: as a plugin, docker calls `docker-lxcfs --context x lxcfs run` for `docker --context x lxcfs run`.
    static func withOwnOptionsFirst(_ words: [String]) -> [String] {
        guard words.first == "docker" else { return words }
        var own: [String] = []
        var theirs: [String] = []
        var rest = words.dropFirst()
        var isNamed = false
        while let word = rest.first {
            let global = DockerOptionTable.global.options(in: rest).count
            if let count = ownCount(word) {
                own += rest.prefix(count)
                rest = rest.dropFirst(count)
            } else if word == "lxcfs", !isNamed {
                isNamed = true
                rest.removeFirst()
            } else if global > 0 {
                theirs += rest.prefix(global)
                rest = rest.dropFirst(global)
            } else {
                break
            }
        }
        if !isNamed, rest.dropFirst().first == "lxcfs" {
            // `docker help lxcfs`, and the shell's completion of what follows `docker lxcfs`.
            if rest.first == "help" { return ["docker", "--help"] }
            if rest.first?.hasPrefix("__complete") == true { rest.remove(at: rest.startIndex + 1) }
        }
        return ["docker"] + own + ["--"] + theirs + rest
    }

    private static func ownCount(_ word: String) -> Int? {
        if ownFlags.contains(word) || ownOptions.contains(where: { word.hasPrefix($0 + "=") }) { return 1 }
        return ownOptions.contains(word) ? 2 : nil
    }
}
