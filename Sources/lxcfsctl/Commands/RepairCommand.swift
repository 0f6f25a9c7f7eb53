internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl repair`
struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Replace the mounts of an lxcfs that is dead, in running containers.",
        discussion: """
            For containers that read `Transport endpoint is not connected`: their lxcfs was killed with its keeper, or stopped while they ran. Their \
            dead mounts are replaced by those of the daemon that runs now. Only root may do this. The status is 1 if something could not be replaced.
            """)

    @Argument(
        help: ArgumentHelp(
            "A process in the container, or the container's id, a beginning of it, or its cgroup (default: all containers).",
            valueName: "pid|id"), completion: ContainerName.completion) var container: ContainerName?

    @OptionGroup var options: GlobalOptions

    func run() throws {
        var pid: Int64?
        if let container { pid = try options.pid(of: container) }
        let done = try options.call(Repair.self, Repair.Parameters(pid: pid), timeout: TargetReport.timeout)
        try TargetReport.finish(done, done.repaired, options)
    }
}

/// What was done in containers, as text.
enum TargetReport {
    /// Many containers, each of which may be slow: in nanoseconds.
    static let timeout: UInt64 = 120_000_000_000

    /// Prints it, and ends with status 1 where something failed.
    static func finish(_ reply: some Encodable, _ repaired: [Repaired], _ options: GlobalOptions) throws {
        if options.json { try Output.print(json: reply) } else { try Output.print(lines(of: repaired)) }
        if repaired.contains(where: { $0.targets.contains { $0.outcome == .failed } }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    static func lines(of repaired: [Repaired]) -> [Line] {
        guard !repaired.isEmpty else { return ["nothing to do: no container has a dead mount"] }
        var lines: [Line] = []
        for one in repaired {
            var table = Table([.init(""), .init(""), .init("")])
            for target in one.targets {
                table.add([
                    StyledText(target.outcome.rawValue, style(of: target.outcome)), "\(target.destination)", "\(target.reason ?? "")",
                ])
            }
            lines.append([StyledText(one.container, .strong), " (pid \(one.pid)): \(summary(of: one.targets))"])
            lines += table.lines(indent: 2)
        }
        return lines
    }

    private static func summary(of targets: [Target]) -> String {
        let counts = Target.Outcome.allCases.compactMap { outcome -> String? in
            let count = targets.count { $0.outcome == outcome }
            return count > 0 ? "\(count) \(outcome.rawValue)" : nil
        }
        return counts.isEmpty ? "nothing to do" : counts.joined(separator: ", ")
    }

    private static func style(of outcome: Target.Outcome) -> Style {
        switch outcome {
        case .mounted, .replaced, .removed: .good
        case .present: .plain
        case .skipped: .faint
        case .failed: .bad
        }
    }
}
