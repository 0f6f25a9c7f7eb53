internal import ArgumentParser
internal import ContainerViews
internal import LXCFSDaemon

/// `lxcfs MOUNTPOINT`: the options of the C program of that name, and the daemon behind them.
@main
struct LXCFS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lxcfs",
        abstract:
            "Show containers their own /proc and /sys: a FUSE file system whose files tell each container its own memory, CPUs, load and uptime.",
        usage: "lxcfs [<options>] <mountpoint>",
        discussion: """
            Runs in the foreground. SIGTERM, SIGINT and SIGHUP unmount and end it; SIGUSR1 makes it go on as the program that is installed now, without
            unmounting; SIGUSR2 switches between the containers' values and the host's.
            """,
        version: Version.current)

    @Argument(help: ArgumentHelp("The directory to mount on, usually /var/lib/lxcfs.", valueName: "mountpoint"))
    var mountPoint: String?

    @Flag(name: .shortAndLong, help: "Print every request and every answer on standard error.")
    var debug = false

    @Option(
        name: .customShort("o", allowingJoined: true),
        help: ArgumentHelp("Mount options, a list separated by commas; may be given again.", valueName: "options"))
    var mountOptions: [String] = []

    @Option(
        name: [.customShort("p", allowingJoined: true), .customLong("pidfile")],
        help: ArgumentHelp("The pid file (default: <runtime-dir>/lxcfs.pid).", valueName: "file"))
    var pidFile: String?

    @Option(name: .customLong("runtime-dir"), help: ArgumentHelp("Where files of the running daemon are kept.", valueName: "dir"))
    var runtimeDirectory = "/run"

    @Option(
        name: .customLong("control-socket"),
        help: ArgumentHelp("The control socket (default: <runtime-dir>/lxcfs/control.sock), or none.", valueName: "path|none"))
    var controlSocket: String?

    @Option(
        name: .customLong("control-group"),
        help: ArgumentHelp("Who may ask by the control socket, beside root (default: root).", valueName: "group"))
    var controlGroup: String?

    @Flag(name: [.customShort("u"), .customLong("disable-swap")], help: "Show no swap anywhere.")
    var disableSwap = false

    @Flag(name: .customLong("disable-zswap"), help: "Show no zswap.")
    var disableZswap = false

    @Flag(
        name: .customLong("disable-cgroup"),
        help: "Leave out the cgroup tree (<mountpoint>/cgroup), which hosts with cgroups of version 1 have. Stronger than --enable-cgroup.")
    var disableCgroup = false

    @Option(
        name: .customLong("cpu-count"),
        help: ArgumentHelp("What the number of CPUs follows: the CPU set and the quota, or the CPU set alone.", valueName: "quota|cpuset"))
    var cpuCount = CPUCount.quota

    @Option(
        name: .customLong("request-timeout"),
        help: ArgumentHelp("A worker that leaves a request unanswered this long is replaced.", valueName: "seconds"))
    var requestTimeout: UInt64 = 30

    @Option(
        name: .customLong("start-timeout"),
        help: ArgumentHelp("A new worker that is not ready after this long is given up.", valueName: "seconds"))
    var startTimeout: UInt64 = 10

    @Flag(help: .hidden)
    var worker = false

    @Flag(name: .customShort("v"), help: "Show the version.")
    var showsVersion = false

    @OptionGroup(title: "Accepted for the sake of the C program's users; always on, or without meaning here")
    var compatibility: CompatibilityOptions

    func validate() throws {
        if showsVersion { throw CleanExit.message(Version.current) }
        if !(1...86400).contains(requestTimeout) || !(1...86400).contains(startTimeout) {
            throw ValidationError("A timeout is a number of seconds from 1 to 86400.")
        }
        if mountPoint == nil { throw ValidationError("Missing the mount point, usually /var/lib/lxcfs.") }
    }

    func run() throws {
        var views = ViewSettings()
        views.hidesSwap = disableSwap
        views.hidesZswap = disableZswap
        views.ignoresQuota = cpuCount == .cpuset
        do throws(StartError) {
            let configuration = Configuration(
                mountPoint: mountPoint ?? "", pidFile: pidFile, runtimeDirectory: runtimeDirectory, mountOptions: mountOptions,
                views: views, cgroupTree: !disableCgroup, startTimeout: startTimeout, requestTimeout: requestTimeout,
                controlSocket: controlSocket, controlGroup: controlGroup, isDebugging: debug)
            let daemon = Daemon(configuration, arguments: CommandLine.arguments.filter { $0 != "--worker" })
            if worker { try daemon.work() } else { try daemon.keep() }
        } catch {
            throw Failure(description: error.description)
        }
    }
}

/// What the number of a container's CPUs follows.
enum CPUCount: String, ExpressibleByArgument, CaseIterable {
    case quota, cpuset
}

/// A sentence for the person at the terminal; ArgumentParser prints it behind `Error: ` and exits with status 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
}
