internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Tell how the daemon is.")

    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run() throws {
        let status = try options.call(GetStatus.self)
        try Output.print(json: status)
    }
}
