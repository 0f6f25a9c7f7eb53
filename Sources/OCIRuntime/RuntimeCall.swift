/// How the real runtime was called, as far as the wrapper has to know: runc's and crun's command line (the OCI runtime command line interface).
package struct RuntimeCall: Sendable, Equatable {
    /// Which of the arguments are the wrapper's own: all before the command that begin with `--lxcfs-`. Engines put theirs in front of them, or behind.
    package private(set) var own: [Int] = []
    /// `create` or `run`: a container is made from a bundle. Every other command is nothing to us.
    package private(set) var makesContainer = false
    /// The folder of the bundle; `nil`: the working directory.
    package private(set) var bundle: String?
    /// crun can be told another name than config.json: then the bundle is not understood.
    package private(set) var hasOwnConfigurationFile = false
    /// Where the runtime writes what went wrong: a file, unless there is a word of crun's with a colon before it.
    package private(set) var log: String?
    package private(set) var logFormat: LogFormat = .text

    package enum LogFormat: String, Sendable {
        case text, json
    }

    /// Options before the command that take a value: runc's, crun's, and youki's short ones.
    private static let valuesBefore: Set<Substring> = [
        "root", "r", "log", "l", "log-format", "log-level", "criu", "rootless", "cgroup-manager",
    ]
    /// And after `create` or `run`.
    private static let valuesAfter: Set<Substring> = ["bundle", "b", "console-socket", "pid-file", "preserve-fds", "config", "f"]

    /// - Parameter arguments: without the name of the program.
    package init(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument.hasPrefix(WrapperOptions.prefix) {
                own.append(rest.startIndex - 1)
                continue
            }
            guard let name = RuntimeCall.option(argument) else {
                guard argument == "create" || argument == "run" else { return }
                makesContainer = true
                break
            }
            take(name, from: &rest, knowing: RuntimeCall.valuesBefore)
        }
        while makesContainer, let argument = rest.popFirst(), argument != "--" {
            if let name = RuntimeCall.option(argument) { take(name, from: &rest, knowing: RuntimeCall.valuesAfter) }
        }
    }

    /// An argument without its dashes; `nil` for what is no option. Go's flags may have one or two.
    private static func option(_ argument: String) -> Substring? {
        guard argument.hasPrefix("-"), argument != "-" else { return nil }
        return argument.dropFirst(argument.hasPrefix("--") ? 2 : 1)
    }

    private mutating func take(_ option: Substring, from rest: inout ArraySlice<String>, knowing valued: Set<Substring>) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, valued.contains(name) else { return }
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else { return }
        switch name {
        case "bundle", "b": bundle = value
        case "config", "f": hasOwnConfigurationFile = true
        case "log", "l": log = value
        case "log-format": logFormat = LogFormat(rawValue: value) ?? .text
        default: break
        }
    }
}
