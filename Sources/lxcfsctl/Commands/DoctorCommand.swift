internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what keeps containers from seeing their own values, and say what to do.",
        discussion: """
            Looks at the daemon, the kernel, the mounts, the cgroups, the runtimes and the containers, and changes nothing. It also works, in part, \
            where no daemon is running. Root sees more.

            Each line is one finding: ok; note, worth knowing; warning, something does not work or will not; fault, containers do not see their \
            values. The exit status is 1 if there are warnings or faults, else 0.
            """)

    @Flag(name: .shortAndLong, help: "Only what is not as it should be.")
    var quiet = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let findings = Doctor.findings(scene())
        let shown = quiet ? findings.filter { $0.level != .ok } : findings
        if options.json {
            try Output.print(json: Report(findings: shown))
        } else {
            try Output.print(DoctorReport.lines(shown))
        }
        if findings.contains(where: { $0.level >= .warning }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    /// How long the daemon has to answer, in nanoseconds.
    private static let patience: UInt64 = 5_000_000_000

    private struct Report: Encodable {
        var findings: [Finding]
    }

    private func scene() -> Scene {
        do throws(ClientError) {
            let status = try options.client().call(GetStatus.self, Nothing(), timeout: DoctorCommand.patience)
            return Scene(host: RunningHost(), socket: options.socketPath, silence: nil, status: status)
        } catch {
            return Scene(host: RunningHost(), socket: options.socketPath, silence: error, status: nil)
        }
    }
}

/// The findings for people.
enum DoctorReport {
    static func lines(_ findings: [Finding]) -> [Line] {
        let width = findings.reduce(0) { max($0, $1.check.count) }
        return findings.flatMap { finding in
            let check = finding.check + String(repeating: " ", count: max(0, width - finding.check.count))
            let word = finding.level.rawValue
            let level = StyledText(word + String(repeating: " ", count: max(0, 7 - word.count)), style(finding.level))
            let first = Line([level, "  ", StyledText(check, .faint), "  ", StyledText(finding.text)])
            let indent = String(repeating: " ", count: width + 11)
            return [first]
                + (finding.remedy.map { [Line([StyledText(indent), StyledText("-> ", .faint), StyledText($0, .strong)])] } ?? [])
        }
    }

    private static func style(_ level: Finding.Level) -> Style {
        switch level {
        case .ok: .good
        case .note: .plain
        case .warning: .warning
        case .fault: .bad
        }
    }
}
