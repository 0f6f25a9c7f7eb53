internal import LXCFSControl

/// Whether the daemon runs, and what it says itself.
struct DaemonCheck: Check {
    let name = "daemon"

    func examine(_ scene: Scene) -> [Finding] {
        guard let status = scene.status else { return [silence(of: scene)] }
        let pids = status.processes.map { "\($0.role.rawValue) \($0.pid)" }.joined(separator: ", ")
        let running = "lxcfs \(status.version) serves \(status.mount.path) (\(pids))"
        // A reload that failed, another program on disk, virtualization that is off: it tells all that itself.
        return [ok(running)] + status.problems.map { warning(Sentence.bare($0.text), remedy: $0.remedy) }
    }

    private func silence(of scene: Scene) -> Finding {
        switch scene.silence {
        case .notRunning, nil:
            fault(
                "No lxcfs is running at \(scene.socket): what follows is what can be seen without it",
                // What is in the way at the mount point comes first.
                remedy: MountCheck().examine(scene).first { $0.level >= .warning }?.remedy ?? scene.commands.start)
        case .notPermitted:
            fault("This user may not open \(scene.socket): what follows is what can be seen without it", remedy: "sudo lxcfsctl doctor")
        case .fault(let fault):
            unanswered("lxcfs answers with an error: \(fault.reason)", scene)
        case .timedOut, .closed, .interrupted, .system:
            unanswered("lxcfs does not answer at \(scene.socket)", scene)
        }
    }

    private func unanswered(_ text: String, _ scene: Scene) -> Finding {
        fault(text, remedy: scene.hasSystemd ? "journalctl -u lxcfs" : "read what it has written to standard error")
    }
}

/// Texts from elsewhere, fitted in.
enum Sentence {
    /// `1 container has`, `2 containers have`.
    static func count(_ number: Int, _ one: String, _ several: String) -> String { "\(number) \(number == 1 ? one : several)" }

    /// Without the full stop.
    static func bare(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }
}
