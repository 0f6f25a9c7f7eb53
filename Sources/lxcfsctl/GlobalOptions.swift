internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The daemon's control socket, a path of at most \(ClientSocket.longestPath) bytes (default: $\(ControlInterface.socketVariable), or \
            \(ControlInterface.usualSocket)).
            """, valueName: "path"),
        completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, in the words of the interface io.lxcfs.Control.")
    var json = false

    func validate() throws {
        if socket?.isEmpty == true { throw ValidationError("--socket needs a path.") }
    }

    /// The command line with those of these options that stand before the command put behind its name: they are the command's. `help` has no use for them.
    static func behindTheCommand(_ arguments: ArraySlice<String>) -> [String] {
        var leading: [String] = []
        var rest = arguments
        while let next = rest.first {
            if next == "--socket", rest.count > 1 {
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if next == "--json" || next.hasPrefix("--socket=") {
                leading.append(next)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        // Without a command there is nothing to put them behind, and the parser says what is wrong.
        guard let command = rest.first, !command.hasPrefix("-") else { return leading + rest }
        if command == "help" { return Array(rest) }
        return [command] + leading + rest.dropFirst()
    }

    /// Where the daemon is asked.
    var socketPath: String { socket ?? ControlInterface.socketOfEnvironment }

    /// A new client of the daemon.
    func client(interruption: Int32? = nil) -> ControlClient { ControlClient(socket: socketPath, interruption: interruption) }

    /// Calls a method.
    /// - Parameters:
    ///   - client: what to call it with; if none is named, a new one.
    ///   - timeout: in nanoseconds.
    func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, on client: ControlClient? = nil,
        timeout: UInt64 = ControlClient.usualTimeout
    ) throws(Failure) -> Method.Reply {
        do throws(ClientError) {
            return try (client ?? self.client()).call(method, parameters, timeout: timeout)
        } catch {
            throw Failure(error, socket: socketPath)
        }
    }

    /// Calls a method without parameters.
    func call<Method: ControlMethod>(_ method: Method.Type) throws(Failure) -> Method.Reply where Method.Parameters == Nothing {
        try call(method, Nothing())
    }
}
