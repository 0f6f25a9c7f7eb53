internal import ArgumentParser
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// The machine that this program runs on. What may hang is asked by children of this program, which are given up after a time.
struct RunningHost: HostFacts {
    /// For a file system that answers at all, and for the slowest of the runtimes to say its version.
    private static let probeTimeout: UInt64 = 2_000_000_000
    private static let commandTimeout: UInt64 = 5_000_000_000
    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin"]

    var isRoot: Bool { ProcessIdentity.effectiveUser == 0 }

    var mounts: MountTable? { try? MountTable.current() }

    func text(of path: String) -> String? { try? ProbeCommand.text(of: path) }

    func patientText(of path: String) -> String? {
        guard let answer = ask(.read, path), answer.succeeded else { return nil }
        return answer.output
    }

    func names(in folder: String) -> [String] { ((try? Directory(path: folder).names()) ?? []).sorted() }

    func destination(ofLink path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let name = parts.last, let folder = try? Directory(path: "/" + parts.dropLast().joined(separator: "/")) else { return nil }
        return try? folder.destinationOfLink(String(name))
    }

    func probe(_ path: String) -> Probe { answer(to: .status, path) }

    func opens(_ path: String) -> Probe { answer(to: .open, path) }

    func program(_ name: String) -> String? {
        RunningHost.folders.lazy.map { $0 + "/" + name }.first { path in
            guard let status = try? FileStatus(following: path) else { return false }
            return status.isRegularFile && status.mode & 0o111 != 0
        }
    }

    func run(_ program: String, _ arguments: [String]) -> FinishedCommand? {
        guard let path = self.program(program) else { return nil }
        // What the runtimes read of it: where their daemon is, and where the home is that has their configuration.
        let kept = ["HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINERS_CONF", "XDG_RUNTIME_DIR"]
        let environment =
            ["PATH=" + RunningHost.folders.joined(separator: ":"), "LC_ALL=C"]
            + kept.compactMap { name in ProcessEnvironment.value(of: name).map { "\(name)=\($0)" } }
        guard let result = try? FinishedCommand.run(path, arguments, environment: environment, timeout: RunningHost.commandTimeout)
        else { return nil }
        return result.end == nil ? nil : result
    }

    /// Has a child of this program look.
    private func ask(_ question: ProbeCommand.Question, _ path: String) -> FinishedCommand? {
        try? FinishedCommand.run(
            "/proc/self/exe", [ProbeCommand.configuration.commandName ?? "", question.rawValue, path], environment: [],
            timeout: RunningHost.probeTimeout)
    }

    private func answer(to question: ProbeCommand.Question, _ path: String) -> Probe {
        guard let answer = ask(question, path) else { return .failed("no child could be started to look at it") }
        guard answer.end != nil else { return .silent }
        let words = answer.output.split { $0 == " " || $0 == "\n" }
        let numbers = words.compactMap { UInt32($0) }
        if answer.succeeded, numbers.count == 3 { return .exists(mode: numbers[0], owner: numbers[1], group: numbers[2]) }
        guard let number = numbers.first else { return .failed(answer.output) }
        let error = Errno(rawValue: CInt(clamping: number))
        switch error {
        case .noSuchFileOrDirectory, .notDirectory: return .absent
        case .socketNotConnected: return .dead
        default: return .failed("\(error)")
        }
    }
}
