internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// `lxcfsctl inspect`
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Tell who a container is taken for, what limits it, and what it sees.",
        discussion: """
            Each limit stands there with the file that says so, and with the cgroup that has that file: the container's own or an ancestor of it. \
            --json has the text of every file, as the container sees it and as the host does.
            """)

    @Argument(help: ContainerName.help, completion: ContainerName.completion) var container: ContainerName

    @Option(
        name: .shortAndLong,
        help: "Show this file as the container sees it, beside the host's; may be given again.", completion: FileName.completion)
    var file: [String] = []

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let found = try options.call(
            Inspect.self, Inspect.Parameters(pid: container.pid, container: container.id, files: file.isEmpty ? nil : file))
        if options.json { return try Output.print(json: found) }
        let report = InspectReport(found, now: Clock.realtimeMilliseconds)
        let width = TerminalSize.ofOutput?.columns ?? SideBySide.usualWidth
        try Output.print(report.lines(isInFull: !file.isEmpty, width: width))
    }
}

/// What the daemon says of a container, as text.
struct InspectReport {
    private let found: Inspect.Reply
    private let now: Int64

    init(_ found: Inspect.Reply, now: Int64) {
        self.found = found
        self.now = now
    }

    /// - Parameter isInFull: the files' texts instead of a line for each.
    func lines(isInFull: Bool, width: Int) -> [Line] {
        let container = found.container
        var lines: [Line] = [
            [StyledText(container.name, .strong), ": \(container.runtime == "host" ? "the host" : "a container of \(container.runtime)")"],
            "\(found.explanation)", "",
        ]
        lines += facts.lines(indent: 2)
        lines += section("Limits", limits)
        if isInFull {
            for view in found.views { lines += [""] + SideBySide.lines(of: view, width: width) }
        } else {
            lines += section("What it sees", views)
        }
        return lines
    }

    private var facts: Table {
        let container = found.container
        var table = Table([.init(""), .init("")])
        func add(_ name: String, _ text: String) { table.add([StyledText(name, .faint), StyledText(text)]) }
        add("id", container.id)
        if let pod = container.pod { add("pod", pod) }
        add("init", container.initPid.map { "pid \($0)" } ?? "none of its own")
        add("started", "\(LocalTime.dateAndTime(milliseconds: container.startedAt)), \(Units.ago(container.startedAt, now: now))")
        for membership in container.memberships {
            let controllers = membership.controllers.isEmpty ? "" : " (\(membership.controllers.joined(separator: " ")))"
            add("cgroup v\(membership.version)", membership.path + controllers)
        }
        let quota = container.cpuLimitMillis.map { ", quota \(Units.cpus($0))" } ?? ""
        add("CPUs", "\(container.cpuCount) (\(container.cpus))\(quota)")
        add(
            "memory",
            "\(Units.bytes(container.memoryUsageBytes)) used of \(Units.bytes(container.memoryTotalBytes)), \(Units.bytes(container.memoryAvailableBytes)) available"
        )
        add("swap", "\(Units.bytes(container.swapUsageBytes)) used of \(Units.bytes(container.swapTotalBytes))")
        if let load1 = container.load1, let load5 = container.load5, let load15 = container.load15 {
            add("load", [load1, load5, load15].map { Units.decimal($0, 2) }.joined(separator: " "))
        }
        if let tasks = container.tasks { add("tasks", Units.grouped(tasks)) }
        add("reads", "\(Units.grouped(container.reads)), the last \(Units.ago(container.lastReadAt, now: now))")
        return table
    }

    private var limits: Table {
        var table = Table([.init("LIMIT"), .init("VALUE"), .init("MEANING"), .init("SET BY"), .init("FILE")])
        for limit in found.limits {
            let cgroup = limit.cgroup.map { $0 + (limit.isInherited ? " (inherited)" : "") }
            table.add([
                "\(limit.name)", "\(limit.value)", "\(limit.meaning)", cgroup.map { StyledText($0) } ?? StyledText("-", .faint),
                limit.file.map { StyledText($0) } ?? StyledText("-", .faint),
            ])
        }
        return table
    }

    private var views: Table {
        var table = Table([.init("FILE"), .init("CONTAINER"), .init("HOST")])
        for view in found.views {
            let problem = view.problem.map { StyledText($0, .warning) }
            let container = view.container.map { StyledText(ViewSummary.of($0, file: view.file)) }
            let host = view.host.map { StyledText(ViewSummary.of($0, file: view.file)) }
            table.add([
                "\(view.file)", container ?? problem ?? StyledText("-", .faint),
                host ?? (container == nil ? StyledText("-", .faint) : problem ?? StyledText("-", .faint)),
            ])
        }
        return table
    }

    private func section(_ title: String, _ table: Table) -> [Line] {
        table.isEmpty ? [] : ["", [StyledText(title, .strong)]] + table.lines(indent: 2)
    }
}
