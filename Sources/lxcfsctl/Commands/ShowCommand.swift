internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl show`
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a file exactly as a container sees it.",
        discussion: """
            The text is what a process of the container would read now, whether the file is mounted there or not. \
            Where it is mounted, that is what \
            `cat` prints there.
            """)

    @Argument(help: ContainerName.help, completion: ContainerName.completion) var container: ContainerName

    @Argument(help: "The file: proc/meminfo, /proc/meminfo or meminfo; sys/devices/system/cpu/online.", completion: FileName.completion)
    var file: String

    @Flag(help: "Print it as the host has it instead.")
    var host = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let reply = try options.call(Inspect.self, Inspect.Parameters(pid: container.pid, container: container.id, files: [file]))
        guard let view = reply.views.first, reply.views.count == 1 else {
            throw Failure("\(file) stands for \(reply.views.count) files: name one of them (`lxcfsctl inspect` lists them)")
        }
        if options.json { return try Output.print(json: view) }
        guard let text = host ? view.host : view.container else {
            throw Failure("\(view.file) cannot be shown: \(view.problem ?? "the daemon has no text of it")")
        }
        try Output.write(Array(text.utf8))
    }
}
