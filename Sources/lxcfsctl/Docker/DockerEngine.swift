/// The Docker engine that docker(1) will talk to, found as docker finds it: `--context`, `-H`, DOCKER_HOST, DOCKER_CONTEXT, the current context of
/// its config.json, the usual socket.
enum DockerEngine: Equatable {
    case host(String)
    /// The host is written in docker's own files.
    case context(String)

    /// - Parameters:
    ///   - variable: the value of a variable of the environment.
    ///   - currentContext: of docker's configuration; asked only where it counts.
    init(_ options: [DockerOption], variable: (String) -> String?, currentContext: () -> String?) {
        func set(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
        let usual = DockerEngine.host(set("DOCKER_HOST") ?? "")
        let named: String?
        if let context = options.last(where: { $0.name == "--context" || $0.name == "-c" })?.value, !context.isEmpty {
            named = context
        } else if let host = options.last(where: { $0.name == "--host" || $0.name == "-H" })?.value {
            self = .host(host)
            return
        } else if set("DOCKER_HOST") != nil {
            named = nil
        } else {
            named = set("DOCKER_CONTEXT") ?? currentContext()
        }
        // The context `default` is the one of the environment.
        self = named.map { $0 == "default" || $0.isEmpty ? usual : .context($0) } ?? usual
    }

    /// Whether an engine at this address runs on this machine, as far as its address tells.
    static func isHere(_ host: String) -> Bool {
        let words = host.split(separator: " ").joined()
        if words.isEmpty || words.hasPrefix("unix://") || words.hasPrefix("fd://") { return true }
        guard words.hasPrefix("tcp://") else { return false }
        let authority = words.dropFirst("tcp://".count).prefix { $0 != "/" }
        let name = authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return name.isEmpty || name == "localhost" || name == "::1" || isLoopback(name)
    }

    private static func isLoopback(_ name: Substring) -> Bool {
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
