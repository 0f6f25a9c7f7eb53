internal import LinuxSystem

/// lxcfs-runtime in daemon.json: put there, taken away, looked for; and in each dockerd that reads the file.
struct DockerRuntimeChange {
    /// What the runtime is called.
    let name: String
    /// As it shall be.
    private(set) var file: DaemonJSONFile
    /// All that run here.
    let engines: [RunningDockerd]
    /// The containers for which a runtime stays that was to be removed.
    private(set) var users: [String] = []
    private var isRemoval = false

    /// How long a dockerd has to take over what it reads, in nanoseconds.
    private static let patience: UInt64 = 5_000_000_000

    init(path: String, name: String) throws(Failure) {
        self.name = name
        file = try DaemonJSONFile(path)
        engines = RunningDockerd.all()
    }

    /// Those that read the file.
    var readers: [RunningDockerd] { engines.filter { $0.reads(file.path) } }

    var runtime: DaemonJSON.Runtime? { file.configuration.runtime(name) }

    var isDefault: Bool { file.configuration.defaultRuntime == name }

    /// Registers it, if only in memory.
    mutating func install(_ wish: DaemonJSON.Wish) throws(Failure) {
        try file.change { configuration throws(DaemonJSONError) in try configuration.install(wish) }
        if file.isChanged, wish.isDefault, let engine = readers.first(where: \.saysItsDefault) {
            throw Failure(
                "dockerd (pid \(engine.pid)) was started with --default-runtime, and would not start again if \(file.path) said it too: take "
                    + "it out of the command line and restart dockerd first, or leave out --default")
        }
    }

    /// Has those that run make no more containers with it by default, before anybody looks which have it: one that is made meanwhile would not be seen,
    /// and would not start again.
    static func withdraw(path: String, name: String) throws(Failure) {
        var change = try DockerRuntimeChange(path: path, name: name)
        guard change.isDefault, change.runtime?.isLXCFS == true, !change.readers.isEmpty else { return }
        change.isRemoval = true
        try change.file.change { configuration throws(DaemonJSONError) in try configuration.remove(name, isInUse: true) }
        _ = try change.apply(isReloading: true)
    }

    /// Takes it away, if only in memory, as far as no container needs it.
    mutating func remove() throws(Failure) {
        isRemoval = true
        if runtime != nil {
            let running = readers.map { $0.dataRoot(file.configuration) }
            var names: Set<String> = []
            for root in running.isEmpty ? [RunningDockerd.dataRoot(file.configuration)] : running {
                names.formUnion(try StoredContainers.names(runtime: name, dataRoot: root))
            }
            users = names.sorted()
        }
        let (name, isInUse) = (name, !users.isEmpty)
        try file.change { configuration throws(DaemonJSONError) in try configuration.remove(name, isInUse: isInUse) }
    }

    /// Writes the file, where something is new, and has those read it again that have something else.
    func apply(isReloading: Bool) throws(Failure) -> [EngineState] {
        let isStale = isReloading && readers.contains { has($0) == false }
        guard file.isChanged || isStale else { return states() }
        // dockerd takes over what is new in the file, but not that something is gone.
        if isRemoval, isStale {
            try file.writeExplicitly(withDefault: !readers.contains(where: \.saysItsDefault))
        } else {
            try file.write()
        }
        let states = isReloading ? readers.map(reloaded) : states()
        if isRemoval, isStale { try file.write() }
        return states
    }

    private func reloaded(_ engine: RunningDockerd) -> EngineState {
        engine.reload()
        let deadline = Clock.monotonic + DockerRuntimeChange.patience
        while true {
            let has = has(engine)
            if has != false || Clock.monotonic > deadline { return EngineState(pid: engine.pid, isTold: true, has: has) }
            Clock.sleep(until: Clock.monotonic + 100_000_000)
        }
    }

    /// What those that run have, without any change.
    func states() -> [EngineState] { readers.map { EngineState(pid: $0.pid, isTold: false, has: has($0)) } }

    /// Whether a dockerd has what the file shall say; `nil` where it does not answer.
    private func has(_ engine: RunningDockerd) -> Bool? {
        engine.runtimes(file.configuration).map { runtimes in
            let path = runtimes.paths[name]
            // Not every version tells the path.
            let isSame = path == runtime?.path || (path == "" && runtime != nil)
            return isSame && (runtimes.usual == name) == isDefault
        }
    }
}

/// A dockerd that reads the file.
struct EngineState: Encodable, Equatable {
    var pid: Int32
    /// Whether it got the signal.
    var isTold: Bool
    /// Whether it has what the file says; absent where it does not say.
    var has: Bool?
}
