internal import ArgumentParser
internal import LXCFSControl
internal import ProcText

/// `lxcfsctl reload`
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Make the daemon go on as the program that is installed now.",
        discussion: """
            Nothing is unmounted and no reader sees an error: the new program starts beside the old one and takes over when it is ready. If it \
            does not get ready, the old one serves on, and the status is 1. Only root may do this.
            """)

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Wait until the new program serves, and say so. Without, only begin; `lxcfsctl status` tells how it ended.")
    var wait = true

    @Option(
        help: ArgumentHelp("How long to wait; the reload goes on when the time is over (default: 30).", valueName: "seconds"))
    var timeout: Int64?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        let longest = ControlBounds.longestReloadTimeoutMilliseconds / 1000
        if let timeout, !(1...longest).contains(timeout) {
            throw ValidationError("--timeout is a number of seconds from 1 to \(longest).")
        }
        if !wait, timeout != nil { throw ValidationError("--timeout is for waiting: leave out --no-wait.") }
    }

    func run() throws {
        let milliseconds = wait ? timeout.map { $0 * 1000 } ?? ControlBounds.reloadTimeoutMilliseconds : 1
        let done: Reload.Reply
        do throws(ClientError) {
            // The daemon is the one that says that the time is over.
            done = try options.client().call(
                Reload.self, Reload.Parameters(timeoutMilliseconds: milliseconds), timeout: UInt64(milliseconds + 10_000) * 1_000_000)
        } catch {
            if !wait, case .fault(let fault) = error, fault.isNamed("ReloadTimedOut") {
                return try Output.print(options.json ? "{}" : "the reload has begun: `lxcfsctl status` tells how it ended")
            }
            throw Failure(error, socket: options.socketPath)
        }
        if options.json { return try Output.print(json: done) }
        let versions =
            done.oldVersion == done.newVersion
            ? "lxcfs \(done.newVersion) goes on as the program that is installed now"
            : "lxcfs \(done.oldVersion) goes on as \(done.newVersion)"
        try Output.print(
            [
                "\(versions): generation \(done.generation), nobody served for \(Units.latency(nanoseconds: done.pauseMicroseconds.saturatingMultiply(1000)))"
            ])
    }
}
