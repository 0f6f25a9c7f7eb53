internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl`: asks a running lxcfs, and tells it what to do.
@main
struct LXCFSCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lxcfsctl", abstract: "Ask a running lxcfs how it is, and tell it what to do.", subcommands: [])
}
