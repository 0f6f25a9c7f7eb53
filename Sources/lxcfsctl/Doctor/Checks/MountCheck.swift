internal import LXCFSControl
internal import LinuxSystem

/// Whether the mount is there, alive, and where this program sees it.
struct MountCheck: Check {
    let name = "mount"

    func examine(_ scene: Scene) -> [Finding] {
        guard let table = scene.host.mounts else {
            return [warning("The table of mounts cannot be read", remedy: "mount -t proc proc /proc")]
        }
        let here = table.mounts(at: scene.mountPoint).filter { $0.type == MountTable.lxcfsType }
        let health = scene.status.map { examine($0, table, scene) } ?? withoutDaemon(here, scene)
        guard here.count > 1 else { return health }
        return health + [
            warning(
                "\(here.count) mounts of lxcfs lie on one another at \(scene.mountPoint), of which only the last is seen",
                remedy: "umount -l \(scene.mountPoint), once for each that is too many, when no container uses it")
        ]
    }

    private func examine(_ status: GetStatus.Reply, _ table: MountTable, _ scene: Scene) -> [Finding] {
        let mount = status.mount
        guard mount.isAlive else {
            return [
                fault("The daemon's mount at \(mount.path) is gone or covered, or nobody answers there", remedy: scene.commands.restart)
            ]
        }
        var findings: [Finding] = []
        let seen = table.mounts(at: mount.path).last
        if seen?.device == mount.device {
            findings.append(ok("The mount at \(mount.path) is alive"))
        } else {
            findings.append(
                warning(
                    "The mount at \(mount.path) is alive for the daemon, but is not there in the mount namespace of this program",
                    remedy: "nsenter -t \(status.processes.first { $0.role == .keeper }?.pid ?? 1) -m lxcfsctl doctor"))
        }
        if mount.isShared {
            findings.append(ok("The mount is shared: mounts made in it can be seen by containers that ask for that"))
        } else {
            findings.append(
                note(
                    "The mount is not shared: a runtime that is told `rslave` refuses it",
                    remedy: "mount --make-shared \(mount.path)"))
        }
        return findings
    }

    private func withoutDaemon(_ here: [MountTableEntry], _ scene: Scene) -> [Finding] {
        guard !here.isEmpty else { return [note("Nothing of lxcfs is mounted at \(scene.mountPoint)")] }
        switch scene.host.probe(scene.mountPoint) {
        case .dead:
            return [
                fault(
                    "The mount at \(scene.mountPoint) is dead: its files give `Transport endpoint is not connected`",
                    remedy: scene.commands.startAndRepair)
            ]
        case .silent:
            return [
                fault(
                    "The mount at \(scene.mountPoint) does not answer: its daemon is stopped or hangs",
                    remedy: scene.commands.restartByForce)
            ]
        default:
            // Who may not ask, or gets no answer, does not know whose it is.
            guard scene.silence == .notRunning || scene.silence == nil else { return [ok("The mount at \(scene.mountPoint) answers")] }
            return [stranger(scene)]
        }
    }

    /// The mount answers, and nobody at the socket.
    private func stranger(_ scene: Scene) -> Finding {
        let mount = "The mount at \(scene.mountPoint)"
        switch scene.mountServer {
        case .predecessor(let pid):
            return warning(
                "\(mount) is served by the C program lxcfs (process \(pid))",
                remedy: "install this lxcfs in its place (Documentation/installing.md), then: \(scene.commands(for: pid).restart)")
        case .elsewhere(let socket):
            return warning("\(mount) is served by an lxcfs with another socket", remedy: "lxcfsctl doctor --socket \(socket)")
        case .mute(let pid):
            return warning(
                "\(mount) is served by an lxcfs that has no control socket (process \(pid))", remedy: scene.commands(for: pid).restart)
        case nil:
            return warning(
                "\(mount) answers, but not from a daemon of this socket: the C program, or one with another socket",
                remedy: scene.host.isRoot
                    ? "stop that daemon and start this one, or if it has another socket: lxcfsctl doctor --socket PATH"
                    : "sudo lxcfsctl doctor")
        }
    }
}
