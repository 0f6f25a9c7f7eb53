import ArgumentParser
import LXCFSControl
import SystemPackage
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl's command line")
struct HelpTests {
    /// All but those that only the program itself calls.
    private static let shown = LXCFSCtl.configuration.subcommands.filter { $0.configuration.shouldDisplay }

    /// Those that do something, by all the words that they are called with.
    private static let commands: [(words: [String], command: any ParsableCommand.Type)] = shown.flatMap { command in
        let name = command.configuration.commandName ?? ""
        let below = command.configuration.subcommands
        return below.isEmpty ? [([name], command)] : below.map { ([name, $0.configuration.commandName ?? ""], $0) }
    }

    @Test func theProgramNamesItsCommandsStatusesAndVariables() {
        let help = LXCFSCtl.helpMessage(columns: 100)
        for command in HelpTests.shown { #expect(help.contains("  \(command.configuration.commandName ?? "?") ")) }
        for text in ["EXIT STATUS", "64", ControlInterface.socketVariable, "NO_COLOR", "--generate-completion-script"] {
            #expect(help.contains(text), "\(text)")
        }
    }

    @Test(arguments: HelpTests.commands.indices)
    func everyCommandHasAHelpPageAndTheGlobalOptions(index: Int) throws {
        let (words, command) = HelpTests.commands[index]
        let name = words.joined(separator: " ")
        #expect(!command.configuration.abstract.isEmpty && command.configuration.abstract.hasSuffix("."), "\(name)")
        let help = LXCFSCtl.helpMessage(for: command, columns: 80)
        for text in ["USAGE: lxcfsctl \(name)", "--socket <path>", "--json"] { #expect(help.contains(text), "\(name): \(text)") }
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE") }, "\(help)")
        var asked = try LXCFSCtl.parseAsRoot(words + ["--help"])
        let end = #expect(throws: (any Error).self) { try asked.run() }
        #expect(end.map { LXCFSCtl.exitCode(for: $0) } == .success && end.map { LXCFSCtl.fullMessage(for: $0) } == help)
    }

    @Test(arguments: [
        ["no-such-command"], ["status", "--no-such-option"], ["show", "7"], ["show"], ["inspect"], ["attach"], ["detach"],
        ["virtualization", "maybe"],
        ["reload", "--timeout", "0"], ["reload", "--timeout", "601"], ["reload", "--no-wait", "--timeout", "5"],
        ["top", "--interval", "0"],
        ["top", "--interval", "nan"], ["containers", "--sort", "colour"], ["status", "--socket"], ["status", "--socket", ""],
        ["inspect", ""],
        ["metrics", "--json", "--format", "prometheus"], ["metrics", "--format", "xml"], ["docker", "--json", "ps"],
        ["runtime", "install"],
        ["runtime", "install", "podman"], ["mounts", "--with-hook"],
    ])
    func aWrongCommandLineIsAUsageError(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try LXCFSCtl.parseAsRoot(arguments) }
        #expect(error.map { LXCFSCtl.exitCode(for: $0).rawValue } == lxcfsctl.ExitStatus.usage.rawValue)
    }

    @Test func aNumberIsAPIDAndEverythingElseAnID() {
        #expect(ContainerName(argument: "4711") == .pid(4711))
        #expect(ContainerName(argument: "4194304") == .pid(4_194_304))
        for text in ["4194305", "0", "12ab", "/docker/7", "-5", "１２", String(repeating: "1", count: 64)] {
            #expect(ContainerName(argument: text) == .id(text), "\(text)")
        }
    }

    @Test func optionsAreUnderstoodBehindTheCommand() throws {
        let inspect = try #require(
            try LXCFSCtl.parseAsRoot(["inspect", "web", "--file", "meminfo", "-f", "stat", "--json", "--socket", "/x"]) as? InspectCommand)
        #expect(inspect.container == .id("web") && inspect.file == ["meminfo", "stat"])
        #expect(inspect.options.json && inspect.options.socketPath == "/x")
        let reload = try #require(try LXCFSCtl.parseAsRoot(["reload"]) as? ReloadCommand)
        #expect(reload.wait && reload.timeout == nil)
        #expect(try #require(try LXCFSCtl.parseAsRoot(["virtualization"]) as? VirtualizationCommand).wish == .status)
    }

    @Test(arguments: [
        ("--json status", "status --json"), ("--socket /x --json show 7 stat", "show --socket /x --json 7 stat"),
        ("--socket=/x top", "top --socket=/x"), ("status --json", "status --json"), ("--help", "--help"), ("--socket", "--socket"),
        ("--json", "--json"), ("--json --version", "--json --version"), ("", ""),
        ("--json --socket /x help status", "help status"),
    ])
    func globalOptionsMayStandBeforeTheCommand(arguments: String, meant: String) {
        let words = { (line: String) in line.split(separator: " ").map(String.init) }
        #expect(GlobalOptions.behindTheCommand(words(arguments)[...]) == words(meant))
    }

    @Test func whatIsWrongHasAStatusAndSaysWhatToDo() {
        let failures: [(ClientError, lxcfsctl.ExitStatus, String)] = [
            (.notRunning, .notRunning, "lxcfs /var/lib/lxcfs &"), (.notPermitted, .notPermitted, "sudo"),
            (.timedOut, .noAnswer, "standard error"),
            (.closed, .noAnswer, "try again"),
            (.fault(.noSuchContainer("x", "no container is called x")), .failed, "no container is called x"),
            (.fault(.notPermitted(method: "Reload", "use sudo")), .notPermitted, "use sudo"),
            (.fault(.badMessage("what?")), .noAnswer, "what?"),
            (.fault(.methodNotFound("io.lxcfs.Control.New")), .failed, "older or newer"), (.system(.fileNameTooLong), .usage, "107"),
        ]
        for (error, status, text) in failures {
            let failure = Failure(error, socket: "/run/s", hasSystemd: false)
            #expect(failure.status == status && failure.sentence.contains(text), "\(failure)")
            #expect(!failure.sentence.hasSuffix(".") && !failure.sentence.contains("systemctl"))
        }
        for (error, text) in [(ClientError.notRunning, "`systemctl start lxcfs`"), (.timedOut, "`journalctl -u lxcfs`")] {
            #expect(Failure(error, socket: "/run/s", hasSystemd: true).sentence.contains(text))
        }
    }

    @Test func containersAreOrderedLargestFirstAndNamesInTheirOrder() {
        let containers = [
            Samples.container("b", cpu: 5, memory: 1, load: nil, reads: 2), Samples.container("a", cpu: 9, memory: 1, load: 1, reads: 2),
            Samples.container("c", cpu: nil, memory: 3, load: 0.1, reads: 9),
        ]
        let orders: [(ContainerOrder, [String])] = [
            (.name, ["a", "b", "c"]), (.cpu, ["a", "b", "c"]), (.memory, ["c", "a", "b"]), (.load, ["a", "c", "b"]),
            (.reads, ["c", "a", "b"]),
        ]
        for (order, names) in orders { #expect(order.sorted(containers).map(\.name) == names, "\(order)") }
    }

    @Test func aLongIDIsShortAsTheRuntimesHaveIt() {
        #expect(Samples.container("x", id: String(repeating: "0123456789abcdef", count: 4)).shortID.text == "0123456789ab")
        #expect(Samples.container("x", id: "/system.slice/some-long-name-of-a-unit.service").shortID.text.hasSuffix(".service"))
    }
}
