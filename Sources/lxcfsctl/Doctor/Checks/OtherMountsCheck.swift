internal import LXCFSControl
internal import LinuxSystem

/// Whether somebody else serves, or has served: other mounts, other daemons.
struct OtherMountsCheck: Check {
    let name = "others"

    func examine(_ scene: Scene) -> [Finding] { mounts(scene) + processes(scene) }

    /// Mounts of lxcfs elsewhere in this mount namespace. Binds of one mount's files are told once.
    private func mounts(_ scene: Scene) -> [Finding] {
        var devices: Set<String> = scene.status.map { [$0.mount.device] } ?? []
        var findings: [Finding] = []
        let entries = (scene.host.mounts?.entries ?? []).filter { $0.type == MountTable.lxcfsType && $0.mountPoint != scene.mountPoint }
        // Whole mounts first: their places say more than those of single files.
        for entry in entries.filter({ $0.root == "/" }) + entries.filter({ $0.root != "/" }) where devices.insert(entry.device).inserted {
            switch scene.host.probe(entry.mountPoint) {
            case .dead:
                findings.append(warning("A dead mount of lxcfs lies at \(entry.mountPoint)", remedy: "umount -l \(entry.mountPoint)"))
            case .silent:
                findings.append(
                    warning("The lxcfs at \(entry.mountPoint) does not answer", remedy: "restart it, or umount -l \(entry.mountPoint)"))
            default: findings.append(note("Another lxcfs serves \(entry.mountPoint)"))
            }
        }
        return findings
    }

    /// Daemons of the same name that are none of ours, with the same folder.
    private func processes(_ scene: Scene) -> [Finding] {
        guard scene.status != nil else { return [] }
        return scene.strangers.map { process in
            warning(
                "A second lxcfs, process \(process.pid), was started for \(scene.mountPoint)",
                remedy: "stop the one that is not wanted\(scene.hasSystemd ? "; systemctl list-units '*lxcfs*'" : "")")
        }
    }
}

/// Paths as people write them.
enum Path {
    /// Whether they differ in slashes at most.
    static func isSame(_ first: String, as second: String) -> Bool {
        first.hasPrefix("/") == second.hasPrefix("/") && first.split(separator: "/") == second.split(separator: "/")
    }
}
