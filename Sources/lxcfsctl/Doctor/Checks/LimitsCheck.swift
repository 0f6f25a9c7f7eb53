internal import LXCFSControl

/// Whether the daemon may open what it needs.
struct LimitsCheck: Check {
    let name = "limits"

    /// Enough for some dozens of descriptors of each of a few hundred containers.
    private static let enough: UInt64 = 16384

    func examine(_ scene: Scene) -> [Finding] {
        guard let worker = scene.status?.processes.first(where: { $0.role == .worker }) else { return [] }
        let text = scene.host.text(of: "/proc/\(worker.pid)/limits") ?? ""
        let label = "Max open files"
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(label) }),
            let word = HostCgroups.words(String(line.dropFirst(label.count))).first
        else { return [] }
        guard let limit = UInt64(word), limit < LimitsCheck.enough else {
            return [ok("The daemon may open \(word) files, and has \(worker.descriptors) open")]
        }
        return [
            warning(
                "The daemon may open only \(limit) files (\(worker.descriptors) are open): with many containers it becomes slow",
                remedy: "LimitNOFILE=1048576 in the unit, or ulimit -n 1048576 before it is started")
        ]
    }
}
