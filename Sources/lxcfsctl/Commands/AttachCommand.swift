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

    @Argument(help: ContainerName.help, completion: ContainerName.completion) var container: ContainerName

    @Argument(
        help: FileName.several,
        completion: FileName.completion)
    var files: [String] = []

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let parameters = Attach.Parameters(pid: try options.pid(of: container), files: files.isEmpty ? nil : files)
        let done = try options.call(Attach.self, parameters, timeout: TargetReport.timeout)
        try TargetReport.finish(done, [Repaired(pid: parameters.pid, container: done.container, targets: done.targets)], options)
    }
}

/// `lxcfsctl detach`
struct DetachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach", abstract: "Take the files out of a container that is running.",
        discussion:
            "It sees the host's again, from the next time that a file is opened. Only root may do this. The status is 1 if a file could not be taken out."
    )

    @Argument(help: ContainerName.help, completion: ContainerName.completion) var container: ContainerName

    @Argument(
        help: FileName.several,
        completion: FileName.completion)
    var files: [String] = []

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let parameters = Detach.Parameters(pid: try options.pid(of: container), files: files.isEmpty ? nil : files)
        let done = try options.call(Detach.self, parameters, timeout: TargetReport.timeout)
        try TargetReport.finish(done, [Repaired(pid: parameters.pid, container: done.container, targets: done.targets)], options)
    }
}
