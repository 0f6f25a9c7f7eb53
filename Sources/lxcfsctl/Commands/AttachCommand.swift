internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl attach`
struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Put the files into a container that is running.",
        discussion: """
            For a container that was started without them, or without those that its runtime refuses. Nothing is needed inside the container; the \
            mounts go with it. What is there already and alive is left alone. Only root may do this. The status is 1 if a file could not be mounted.
            """)

    @OptionGroup var files: FilesOfContainer
    @OptionGroup var options: GlobalOptions

    func run() throws { try files.change(Attach.self, options) }
}

/// `lxcfsctl detach`
struct DetachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach", abstract: "Take the files out of a container that is running.",
        discussion:
            "It sees the host's again, from the next time that a file is opened. Only root may do this. The status is 1 if a file could not be taken out."
    )

    @OptionGroup var files: FilesOfContainer
    @OptionGroup var options: GlobalOptions

    func run() throws { try files.change(Detach.self, options) }
}

/// A container, and files to be put into it or taken out.
struct FilesOfContainer: ParsableArguments {
    @Argument(help: ContainerName.help, completion: ContainerName.completion) var container: ContainerName
    @Argument(help: FileName.several, completion: FileName.completion) var files: [String] = []

    /// Calls the method, and prints what it did.
    func change<Method: ControlMethod>(_ method: Method.Type, _ options: GlobalOptions) throws
    where Method.Parameters == Attach.Parameters, Method.Reply == Attach.Reply {
        let parameters = Attach.Parameters(pid: try options.pid(of: container), files: files.isEmpty ? nil : files)
        let done = try options.call(method, parameters, timeout: TargetReport.timeout)
        try TargetReport.finish(done, [Repaired(pid: parameters.pid, container: done.container, targets: done.targets)], options)
    }
}
