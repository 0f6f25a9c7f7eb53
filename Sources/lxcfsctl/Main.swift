internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// `lxcfsctl`: asks a running lxcfs, and tells it what to do.
@main
struct LXCFSCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lxcfsctl", abstract: "Ask a running lxcfs how it is, and tell it what to do.",
        discussion: """
            Whoever may open the daemon's socket may ask; only root may change something (reload, virtualization on and off, attach, detach, repair).

            Every command takes --socket PATH, the daemon's control socket, and --json; they may stand before the command too.

            EXIT STATUS
              0   it is done, or the daemon is healthy
              1   the daemon is degraded, or refuses, or some of it failed
              3   no daemon is running at the socket
              4   not permitted: by the socket's mode, or because only root may
              5   the daemon gave no answer, or one that is not understood
              64  the command line is wrong

            ENVIRONMENT
              LXCFS_CONTROL_SOCKET  the daemon's socket, unless --socket names one
              NO_COLOR              no colours, also on a terminal

            EXAMPLES
              lxcfsctl status && echo fine
              lxcfsctl containers --sort memory
              lxcfsctl inspect 2f258bd2f258 --file meminfo
              sudo lxcfsctl attach $(docker inspect -f '{{.State.Pid}}' web)
              lxcfsctl events --json | jq .text

            Shell completion: lxcfsctl --generate-completion-script bash (or zsh, or fish) prints it.
            """,
        version: ProductVersion.current,
        subcommands: [
            StatusCommand.self, DoctorCommand.self, TopCommand.self, ContainersCommand.self, InspectCommand.self, ShowCommand.self,
            MountsCommand.self, DockerCommand.self, RuntimeCommand.self, AttachCommand.self, DetachCommand.self, RepairCommand.self,
            ReloadCommand.self,
            VirtualizationCommand.self,
            MetricsCommand.self, EventsCommand.self, ProbeCommand.self,
        ])

    /// The command line as the parser shall have it.
    static func arguments(_ words: ArraySlice<String>) -> [String] {
        DockerCommandLine.withOwnOptionsFirst(GlobalOptions.behindTheCommand(words))
    }

    static func main() {
        StandardStreams.openMissing(forWriting: false)
        StandardOutput.endsWithItsReader()
        do {
            var command = try parseAsRoot(arguments(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let failure as Failure {
            Output.complain(failure.sentence)
            exit(withError: ExitCode(failure.status.rawValue))
        } catch {
            exit(withError: error)
        }
    }
}
