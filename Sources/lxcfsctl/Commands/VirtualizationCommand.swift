internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl virtualization`
struct VirtualizationCommand: ParsableCommand {
    enum Wish: String, ExpressibleByArgument, CaseIterable {
        case on, off, status
    }

    private struct State: Encodable {
        let virtualization: Bool
    }

    static let configuration = CommandConfiguration(
        commandName: "virtualization", abstract: "Show containers their own values, or everyone the host's.",
        discussion: """
            Switching takes effect at the next read of every file, in all containers at once, as SIGUSR2 does; it lasts until it is switched again or \
            the daemon is stopped. Only root may switch.
            """)

    @Argument(
        help: ArgumentHelp(
            "on: containers see their own values. off: everyone sees the host's. status: tells which of both it is.",
            valueName: "on|off|status"))
    var wish = Wish.status

    @OptionGroup var options: GlobalOptions

    func run() throws {
        guard wish != .status else {
            let isOn = try options.call(GetStatus.self).virtualization
            return try report(
                isOn, "virtualization is \(isOn ? "on: containers see their own values" : "off: everyone sees the host's values")")
        }
        let isOn = wish == .on
        let wasOn = try options.call(SetVirtualization.self, SetVirtualization.Parameters(enabled: isOn)).wasEnabled
        try report(isOn, isOn == wasOn ? "virtualization was \(wish.rawValue) already" : "virtualization is \(wish.rawValue) now")
    }

    private func report(_ isOn: Bool, _ sentence: Line) throws {
        if options.json { return try Output.print(json: State(virtualization: isOn)) }
        try Output.print(sentence)
    }
}
