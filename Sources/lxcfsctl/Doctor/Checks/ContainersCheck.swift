internal import LXCFSControl
internal import LinuxSystem
internal import ProcText

/// Whether containers have mounts of a daemon that is gone.
struct ContainersCheck: Check {
    let name = "containers"

    /// So many file systems are looked at: each may cost the whole patience.
    private static let mostProbes = 16

    func examine(_ scene: Scene) -> [Finding] {
        guard scene.host.isRoot else {
            return [note("Whether containers have dead mounts can only root see", remedy: "sudo lxcfsctl doctor")]
        }
        var dead: [Int64] = []
        var alive = 0
        var states: [String: Probe] = [:]
        for (pid, mounts) in namespaces(scene.host) {
            // The first of each file system that is not the daemon's own.
            let foreign = mounts.filter { $0.device != scene.status?.mount.device }
            for entry in foreign where states[entry.device] == nil && states.count < ContainersCheck.mostProbes {
                states[entry.device] = scene.host.probe("/proc/\(pid)/root" + entry.mountPoint)
            }
            if foreign.contains(where: { states[$0.device] == .dead }) { dead.append(pid) }
            if foreign.count < mounts.count { alive += 1 }
        }
        guard !dead.isEmpty else {
            return [
                ok(
                    alive == 0
                        ? "No running container has mounts of lxcfs that are dead"
                        : "\(Sentence.count(alive, "running container has", "running containers have")) mounts of this lxcfs, and none that is dead"
                )
            ]
        }
        let pids = dead.prefix(8).map(String.init).joined(separator: ", ") + (dead.count > 8 ? ", ..." : "")
        return [
            warning(
                "\(Sentence.count(dead.count, "container has", "containers have")) mounts of an lxcfs that is gone (process \(pids))",
                remedy: scene.status == nil ? scene.commands.startAndRepair : "lxcfsctl repair")
        ]
    }

    /// A process of each mount namespace but the host's, with the mounts of lxcfs there. Namespaces without any are left out.
    private func namespaces(_ host: any HostFacts) -> [(pid: Int64, mounts: [MountTableEntry])] {
        let own = ["/proc/self/ns/mnt", "/proc/1/ns/mnt"].compactMap(host.destination(ofLink:))
        var known = Set(own)
        var found: [(pid: Int64, mounts: [MountTableEntry])] = []
        for name in host.names(in: "/proc") {
            guard let pid = Int64(name), let namespace = host.destination(ofLink: "/proc/\(pid)/ns/mnt"), known.insert(namespace).inserted,
                let text = host.text(of: "/proc/\(pid)/mountinfo")
            else { continue }
            let mounts = MountTable(InputText(text)).entries.filter { $0.type == MountTable.lxcfsType }
            if !mounts.isEmpty { found.append((pid, mounts)) }
        }
        return found
    }
}
