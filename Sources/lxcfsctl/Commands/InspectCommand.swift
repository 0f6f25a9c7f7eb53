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
        try Output.print(report.lines(isInFull: !file.isEmpty, width: TerminalSize.ofOutput?.columns))
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

    /// - Parameters:
    ///   - isInFull: the files' texts, and nothing but them.
    ///   - width: of the terminal; `nil` where there is none.
    func lines(isInFull: Bool, width: Int?) -> [Line] {
        let container = found.container
        var lines: [Line] = [[StyledText(container.name, .strong), ": \(InspectReport.kind(of: container))"], "\(found.explanation)", ""]
        guard !isInFull else {
            return lines + found.views.map { SideBySide.lines(of: $0, width: width) }.joined(separator: [""])
        }
        lines += facts.lines(indent: 2)
        lines += section("Limits", limits)
        // What the host sees is the host's.
        if found.rule != .host {
            lines += section("What it sees", views)
            let hidden = found.views.count { !InspectReport.isShown($0) }
            if hidden > 0 {
                lines.append([
                    StyledText("  and \(Units.count(Int64(hidden), "file")) that the host sees the same (--json has all)", .faint)
                ])
            }
        }
        return lines
    }

    private static func kind(of container: Container) -> String {
        switch container.runtime {
        case "host": "the host"
        case "other": "of no runtime that is known by its cgroup"
        default: "a container of \(container.runtime)"
        }
    }

    /// /proc, and whatever is not the same for everybody.
    private static func isShown(_ view: View) -> Bool { view.file.hasPrefix("proc/") || view.container != view.host || view.problem != nil }

    private var facts: Table {
        let container = found.container
        var table = Table([.init(""), .init("")])
        func add(_ name: String, _ text: String) { table.add([StyledText(name, .faint), StyledText(text)]) }
        add("id", container.id)
        if let pod = container.pod { add("pod", pod) }
        add("init", container.initPid.map { "pid \($0)" } ?? "none of its own")
        add("started", "\(LocalTime.dateAndTime(milliseconds: container.startedAt)), \(Units.ago(container.startedAt, now: now))")
        for (version, path, controllers) in cgroups {
            add("cgroup v\(version)", path + (controllers.isEmpty ? "" : " (\(controllers.joined(separator: " ")))"))
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
        add("reads", container.reads > 0 ? "\(Units.grouped(container.reads)), the last \(container.lastRead(now: now))" : "none yet")
        return table
    }

    /// Its cgroups: hierarchies in which it is at the same path are one.
    private var cgroups: [(version: Int64, path: String, controllers: [String])] {
        var found: [(version: Int64, path: String, controllers: [String])] = []
        for membership in self.found.container.memberships {
            if let index = found.firstIndex(where: { $0.version == membership.version && $0.path == membership.path }) {
                found[index].controllers += membership.controllers
            } else {
                found.append((membership.version, membership.path, membership.controllers))
            }
        }
        return found
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
        for view in found.views where InspectReport.isShown(view) {
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
