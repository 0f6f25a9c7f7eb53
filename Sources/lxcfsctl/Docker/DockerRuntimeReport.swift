/// What is told of lxcfs-runtime in daemon.json.
struct DockerRuntimeReport {
    let change: DockerRuntimeChange
    let states: [EngineState]
    /// Nothing was to be changed, it was only asked.
    var isAnswer = false

    private struct Report: Encodable {
        var file: String
        var isChanged: Bool
        var name: String
        var program: String?
        var arguments: [String]
        var isDefault: Bool
        var users: [String]
        var engines: [EngineState]
    }

    /// Prints all of it.
    func print(inJSON: Bool) throws(Failure) {
        guard inJSON else {
            return try Output.print((["\(inFile)"] + states.map(sentence) + withoutReaders).map { Line([StyledText($0)]) })
        }
        let report = Report(
            file: change.file.path, isChanged: change.file.isChanged, name: change.name, program: change.runtime?.path,
            arguments: change.runtime?.arguments ?? [], isDefault: change.isDefault, users: change.users, engines: states)
        try Output.print(json: report)
    }

    /// What the file says now.
    private var inFile: String {
        let isNothing = !isAnswer && !change.file.isChanged && !states.contains { $0.isTold }
        let start = (isNothing ? "nothing to do: " : "") + change.file.path
        guard let runtime = change.runtime else {
            let usual = change.file.configuration.defaultRuntime.map { "; the default is \($0)" } ?? ""
            return "\(start) has no runtime \(change.name)\(usual)"
        }
        guard runtime.isLXCFS else {
            let why =
                change.users.isEmpty
                ? "" : ", as containers are made with it (\(change.users.joined(separator: ", "))): remove them and say this again"
            return "\(start): the runtime \(change.name) is \(runtime.path) alone\(why)"
        }
        return "\(start): the runtime \(change.name) is \(runtime.path)" + (runtime.wrapped.map { " around \($0)" } ?? "")
            + (runtime.arguments.contains(DaemonJSON.Runtime.requiredFlag) ? ", required" : "")
            + (change.isDefault ? ", for all containers" : ", for those that say --runtime \(change.name)")
    }

    private func sentence(_ state: EngineState) -> String {
        let engine = "dockerd (pid \(state.pid))"
        switch (state.has, state.isTold) {
        case (true, true): return "\(engine) has read it"
        case (true, false): return "\(engine) has the same"
        case (false, true): return "\(engine) was told to read it, and has something else still"
        case (false, false): return "\(engine) has something else still: kill -HUP \(state.pid), or start it again"
        case (nil, true): return "\(engine) was told to read it"
        case (nil, false): return "\(engine) does not say what it has"
        }
    }

    private var withoutReaders: [String] {
        guard states.isEmpty else { return [] }
        guard let other = change.engines.first else { return ["no dockerd runs here: it reads that when it is started"] }
        return ["no dockerd that runs reads that: the one with pid \(other.pid) reads \(other.configFile)"]
    }
}
