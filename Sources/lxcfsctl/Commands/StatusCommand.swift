internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText

/// `lxcfsctl status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tell how the daemon is.",
        discussion: """
            The first line says whether it is healthy; problems follow with what to do about them. The status is 0 if it is healthy, 1 if it is \
            degraded, 3 if it is not running, 4 if its socket cannot be opened, 5 if it does not answer.
            """)

    @Flag(name: .shortAndLong, help: "All files, the kernel's features and the cgroup hierarchies too.")
    var verbose = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let status = try options.call(GetStatus.self)
        if options.json {
            try Output.print(json: status)
        } else {
            try Output.print(StatusReport(status, isVerbose: verbose, now: Clock.realtimeMilliseconds).lines())
        }
        if status.health != .healthy { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// The daemon's health as text.
struct StatusReport {
    /// How many files are shown if not all are.
    static let slowestShown = 5

    private let status: GetStatus.Reply
    private let isVerbose: Bool
    private let now: Int64

    init(_ status: GetStatus.Reply, isVerbose: Bool, now: Int64) {
        self.status = status
        self.isVerbose = isVerbose
        self.now = now
    }

    func lines() -> [Line] {
        var lines = [headline] + problems + [""] + facts.lines(indent: 2)
        lines += section(isVerbose ? "Files" : "Slowest files", files)
        lines += section("Processes", processes)
        if isVerbose {
            lines += section("Kernel features", features)
            lines += section("Cgroup hierarchies", hierarchies)
        }
        return lines
    }

    private var headline: Line {
        let isHealthy = status.health == .healthy
        return [
            StyledText(status.health.rawValue, isHealthy ? .good : .bad),
            ": lxcfs \(status.version) at \(status.mount.path), \(Units.count(status.containers, "container"))",
        ]
    }

    private var problems: [Line] {
        status.problems.flatMap { problem -> [Line] in
            [[StyledText("  problem: ", .warning), "\(problem.text)"], [StyledText("  remedy:  ", .faint), "\(problem.remedy)"]]
        }
    }

    private var facts: Table {
        var table = Table([.init(""), .init("")])
        func add(_ name: String, _ text: StyledText) { table.add([StyledText(name, .faint), text]) }
        let mount = status.mount
        add(
            "mount",
            StyledText(
                "\(mount.path) (\(mount.device)) \(mount.isAlive ? "answers" : "does not answer"), \(mount.isShared ? "shared" : "not shared")",
                mount.isAlive ? .plain : .bad))
        add(
            "running",
            "\(Units.duration(milliseconds: now.saturatingSubtract(status.startedAt))), since \(LocalTime.dateAndTime(milliseconds: status.startedAt)); generation \(status.generation)"
        )
        add("program", StyledText("\(status.program.path)\(onDisk)", status.program.onDisk == .same ? .plain : .warning))
        add("reload", StyledText(reload, status.reload.outcome == .failed ? .bad : .plain))
        add("crashes", StyledText(status.crashes == 0 ? "none" : "\(status.crashes) survived", status.crashes == 0 ? .plain : .warning))
        add(
            "virtualization",
            StyledText(status.virtualization ? "on" : "off: everyone sees the host", status.virtualization ? .plain : .warning))
        if let tree = status.cgroupTree {
            add("cgroup tree", StyledText(description(of: tree), tree.state == .impossible ? .warning : .plain))
        }
        add("reads", StyledText(reads, status.errors == 0 && status.fallbacks == 0 ? .plain : .warning))
        if isVerbose || status.replayed > 0 || status.refused > 0 {
            add("left by workers", "\(Units.count(status.replayed, "request")) answered later, \(Units.grouped(status.refused)) refused")
        }
        if isVerbose {
            add("clients", "\(Units.count(status.connections, "connection"))")
            add("build", "\(status.build)")
        }
        return table
    }

    private var onDisk: String {
        switch status.program.onDisk {
        case .same: ""
        case .replaced: " (another one is installed now: `lxcfsctl reload` starts it)"
        case .missing: " (no longer installed)"
        }
    }

    private var reload: String {
        let reload = status.reload
        let when = reload.at.map { " " + Units.ago($0, now: now) } ?? ""
        switch reload.outcome {
        case .none: return "none yet"
        case .succeeded:
            let pause = reload.pauseMicroseconds.map {
                ", nobody served for \(Units.latency(nanoseconds: $0.saturatingMultiply(1000)))"
            }
            return "succeeded\(when)\(pause ?? ""); \(Units.grouped(reload.count)) so far"
        case .failed: return "failed\(when): \(reload.reason ?? "the daemon does not say why")"
        }
    }

    private func description(of tree: CgroupTreeStatus) -> String {
        switch tree.state {
        case .served: "\(status.mount.path)/cgroup: \(tree.hierarchies.joined(separator: " "))"
        case .disabled: "off: --disable-cgroup"
        case .absent: "none: there are no cgroups of version 1 here"
        case .impossible: "none: \(tree.reason ?? "the daemon does not say why")"
        }
    }

    private var reads: String {
        "\(Units.grouped(status.reads)), \(Units.count(status.errors, "error")), \(Units.count(status.fallbacks, "fallback"))"
    }

    /// All, or those with the slowest usual read.
    private var files: Table {
        var table = Table([
            .init("FILE"), .number("READS"), .number("ERRORS"), .number("P50"), .number("P90"), .number("P99"), .number("MAX"),
        ])
        let read = status.files.filter { isVerbose || $0.reads > 0 }
            .sorted { ($1.p99Nanoseconds ?? -1, $0.file) < ($0.p99Nanoseconds ?? -1, $1.file) }
        for file in read.prefix(isVerbose ? read.count : StatusReport.slowestShown) {
            let latencies = [file.p50Nanoseconds, file.p90Nanoseconds, file.p99Nanoseconds, file.maxNanoseconds]
            table.add(
                [
                    "\(file.file)", "\(Units.grouped(file.reads))",
                    StyledText(Units.grouped(file.errors), file.errors == 0 ? .plain : .warning),
                ] + latencies.map { StyledText($0.map(Units.latency) ?? "-") })
        }
        return table
    }

    private var processes: Table {
        var table = Table([
            .init("ROLE"), .number("PID"), .number("RESIDENT"), .number("PRIVATE"), .number("THREADS"), .number("DESCRIPTORS"),
        ])
        for process in status.processes {
            table.add([
                "\(process.role.rawValue)", "\(process.pid)", "\(Units.bytes(process.residentBytes))",
                "\(Units.bytes(process.privateBytes))",
                "\(process.threads)", "\(process.descriptors)",
            ])
        }
        return table
    }

    private var features: Table {
        var table = Table([.init(""), .init(""), .init("")])
        for feature in status.features {
            table.add([
                feature.isPresent ? StyledText("yes", .good) : StyledText("no", .warning), "\(feature.name)",
                StyledText(feature.meaning, .faint),
            ])
        }
        return table
    }

    private var hierarchies: Table {
        var table = Table([.init(""), .init(""), .init("")])
        for hierarchy in status.hierarchies {
            table.add(["v\(hierarchy.version)", "\(hierarchy.mountPoint)", "\(hierarchy.controllers.joined(separator: " "))"])
        }
        return table
    }

    private func section(_ title: String, _ table: Table) -> [Line] {
        table.isEmpty ? [] : ["", [StyledText(title, .strong)]] + table.lines(indent: 2)
    }
}
