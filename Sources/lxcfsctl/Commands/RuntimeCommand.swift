internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// `lxcfsctl runtime`
struct RuntimeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runtime",
        abstract: "Register lxcfs-runtime with an engine, so that containers get lxcfs's files without being asked.",
        discussion: """
            lxcfs-runtime stands before runc or another runtime and adds the files to each container that is made. With --default that is every \
            container of the engine that names no other runtime, those of Compose and Swarm too; else those that say --runtime lxcfs. (BuildKit, \
            which `docker build` uses, runs runc itself.)

            EXAMPLES
              sudo lxcfsctl runtime install docker
              sudo lxcfsctl runtime install docker --default
              sudo lxcfsctl runtime remove docker
            """,
        subcommands: [InstallRuntimeCommand.self, RemoveRuntimeCommand.self, RuntimeStatusCommand.self])
}

/// Which engine it is about.
enum Engine: String, ExpressibleByArgument, CaseIterable {
    case docker

    static let help = ArgumentHelp("The engine: docker.", valueName: "engine")
}

/// Where Docker's configuration is, and whether Docker is told.
struct DaemonJSONOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("dockerd's configuration (default: \(RunningDockerd.usualFile)).", valueName: "path"), completion: .file())
    var daemonJSON: String?

    @Option(help: ArgumentHelp("What the runtime is called.", valueName: "name"))
    var name = "lxcfs"

    var path: String { daemonJSON ?? RunningDockerd.usualFile }
}

/// `lxcfsctl runtime install`
struct InstallRuntimeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Register lxcfs-runtime with Docker.",
        discussion: """
            Changes two members of daemon.json, runtimes and (with --default) default-runtime, and not one byte of the rest; then a dockerd that runs \
            and reads the file is told to read it again (SIGHUP), without a restart. Where another runtime is the default already, say NVIDIA's, \
            lxcfs-runtime wraps that one. --socket is for the runtime too. Saying it again with other options changes what is registered.
            """)

    @Argument(help: Engine.help) var engine: Engine

    @Flag(help: "Make it the runtime of all containers that name none.")
    var `default` = false

    @Flag(help: "Where lxcfs does not run, containers do not start; else they start without its files.")
    var required = false

    @Option(
        help: ArgumentHelp("lxcfs-runtime (default: the one beside lxcfsctl, else \(HookedMounts.usualProgram)).", valueName: "path"),
        completion: .file())
    var program: String?

    @Flag(help: "Do not tell dockerd: it reads the file when it is started again.")
    var noReload = false

    @OptionGroup var file: DaemonJSONOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        var change = try DockerRuntimeChange(path: file.path, name: file.name)
        try change.install(
            DaemonJSON.Wish(
                name: file.name, program: RuntimeProgram.path(program), isDefault: `default`, isRequired: required, socket: options.socket))
        try change.finish(isReloading: !noReload, inJSON: options.json)
    }
}

/// `lxcfsctl runtime remove`
struct RemoveRuntimeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take lxcfs-runtime out of Docker's configuration.",
        discussion: """
            What was the default before is the default again. Containers keep the name of the runtime that they were made with, and Docker starts none \
            whose runtime it does not know: as long as there are such containers the name stays registered, for the runtime that was wrapped.
            """)

    @Argument(help: Engine.help) var engine: Engine

    @Flag(help: "Do not tell dockerd: it reads the file when it is started again.")
    var noReload = false

    @OptionGroup var file: DaemonJSONOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        if !noReload { try DockerRuntimeChange.withdraw(path: file.path, name: file.name) }
        var change = try DockerRuntimeChange(path: file.path, name: file.name)
        try change.remove()
        try change.finish(isReloading: !noReload, inJSON: options.json)
    }
}

/// `lxcfsctl runtime status`
struct RuntimeStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tell whether lxcfs-runtime is registered.",
        discussion: "The status is 0 if Docker's configuration has it and every dockerd that reads that has it too, else 1.")

    @OptionGroup var file: DaemonJSONOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let change = try DockerRuntimeChange(path: file.path, name: file.name)
        let states = change.states()
        try DockerRuntimeReport(change: change, states: states, isAnswer: true).print(inJSON: options.json)
        guard change.runtime?.isLXCFS == true, states.allSatisfy({ $0.has != false }) else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

extension DockerRuntimeChange {
    /// Makes the change, and tells of it.
    /// - Throws: where a dockerd does not take it, too.
    func finish(isReloading: Bool, inJSON: Bool) throws(Failure) {
        let states = try apply(isReloading: isReloading)
        try DockerRuntimeReport(change: self, states: states).print(inJSON: inJSON)
        if let deaf = states.first(where: { $0.isTold && $0.has == false }) {
            throw Failure("dockerd (pid \(deaf.pid)) does not take \(file.path): look at its log (journalctl -u docker), and restart it")
        }
    }
}

/// lxcfs-runtime on this machine.
enum RuntimeProgram {
    /// The one beside this program, else the one in the usual folder; `nil` where there is none.
    static var installed: String? {
        let own = ProcessIdentity.program(calledAs: CommandLine.arguments.first ?? "lxcfsctl")
        let beside = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)]) + "/lxcfs-runtime"
        return [beside, HookedMounts.usualProgram].first(where: isProgram)
    }

    /// - Parameter named: on the command line.
    static func path(_ named: String?) throws(Failure) -> String {
        guard let named else {
            guard let installed else { throw Failure("there is no program \(HookedMounts.usualProgram): say where it is with --program") }
            return installed
        }
        guard named.hasPrefix("/") else { throw Failure("dockerd needs the whole path of \(named)", status: .usage) }
        guard isProgram(named) else { throw Failure("there is no program \(named)") }
        return named
    }

    private static func isProgram(_ path: String) -> Bool {
        guard let status = try? FileStatus(following: path) else { return false }
        return status.isRegularFile && status.mode & 0o111 != 0
    }
}
