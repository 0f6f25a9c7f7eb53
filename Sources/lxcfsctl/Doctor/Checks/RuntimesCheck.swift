internal import LXCFSControl
internal import LinuxSystem

/// Which runtimes are here, and what they let be mounted.
struct RuntimesCheck: Check {
    let name = "runtimes"

    /// What else is named where it is found: how it is called, and how it says its version. Not lxd: on Ubuntu a program of that name installs it when it
    /// is called.
    private static let others: [(program: String, title: String, arguments: [String])] = [
        ("containerd", "containerd", ["--version"]), ("crio", "CRI-O", ["--version"]), ("nerdctl", "nerdctl", ["--version"]),
        ("kubelet", "kubelet", ["--version"]), ("k3s", "k3s", ["--version"]), ("incus", "Incus", ["--version"]),
        ("pouchd", "PouchContainer", ["--version"]), ("systemd-nspawn", "systemd-nspawn", ["--version"]),
    ]

    func examine(_ scene: Scene) -> [Finding] {
        let host = scene.host
        let known = docker(host) + podman(host) + runc(host) + crun(host) + lxc(scene)
        let rest = RuntimesCheck.others.compactMap { other in
            version(host, other.program, other.arguments).map { ok("\(other.title) \($0) is installed") }
        }
        let all = known + rest
        return all.isEmpty ? [note("No runtime is installed in the usual folders")] : all
    }

    private func docker(_ host: any HostFacts) -> [Finding] {
        guard host.program("docker") != nil || host.program("dockerd") != nil else { return [] }
        let answer = host.run("docker", ["version", "--format", "{{.Server.Version}}"])
        guard let answer, answer.succeeded, let server = VersionNumber(in: answer.output) else {
            let client = version(host, "docker", ["--version"]) ?? version(host, "dockerd", ["--version"])
            return [
                note("Docker \(client.map { "\($0) " } ?? "")is installed, its daemon does not answer\(host.isRoot ? "" : " this user")")
            ]
        }
        return [devices(of: server)] + dockersRuntimes(host)
    }

    /// The Container Device Interface.
    private func devices(of server: VersionNumber) -> Finding {
        if server >= VersionNumber(28, 2) {
            return ok(
                "Docker \(server) knows CDI: lxcfsctl mounts --format cdi > /etc/cdi/lxcfs.json, docker run --device lxcfs.io/lxcfs=all")
        }
        if server >= VersionNumber(25) {
            return ok(
                "Docker \(server) knows CDI where daemon.json has {\"features\": {\"cdi\": true}}; docker run $(lxcfsctl mounts) always works"
            )
        }
        return ok("Docker \(server) does not know CDI: docker run $(lxcfsctl mounts)")
    }

    /// Whether lxcfs-runtime is registered.
    private func dockersRuntimes(_ host: any HostFacts) -> [Finding] {
        guard let answer = host.run("docker", RunningDockerd.Runtimes.question), answer.succeeded else { return [] }
        let runtimes = RunningDockerd.Runtimes(answer.output)
        let own = runtimes.paths.filter { DaemonJSON.Runtime.isLXCFS($0.value) }.sorted { $0.key < $1.key }
        if own.isEmpty { return [ok("Docker has no runtime of lxcfs: lxcfsctl runtime install docker --default is for all containers")] }
        return own.map { name, path in
            let isUsual = runtimes.usual == name
            if host.probe(path) == .absent {
                return fault(
                    "Docker starts no container with \(isUsual ? "its default runtime" : "the runtime") \(name): \(path) is not there",
                    remedy: "install lxcfs-runtime, or lxcfsctl runtime remove docker\(name == "lxcfs" ? "" : " --name \(name)")")
            }
            return isUsual
                ? ok("Docker gives lxcfs's files to all containers: its default runtime is \(path)")
                : ok("Docker gives lxcfs's files to containers that say --runtime \(name), which is \(path)")
        }
    }

    private func podman(_ host: any HostFacts) -> [Finding] {
        guard let version = version(host, "podman", ["--version"]) else { return [] }
        let cdi = version >= VersionNumber(4, 1) ? ", and CDI with --device lxcfs.io/lxcfs=all" : ""
        return [ok("Podman \(version) takes podman run $(lxcfsctl mounts --format podman)\(cdi)")]
    }

    private func runc(_ host: any HostFacts) -> [Finding] {
        guard let version = version(host, "runc", ["--version"]) else { return [] }
        // The list of files below /proc that it mounts over has grown.
        let refused = "vmstat and pressure"
        if version < VersionNumber(1, 0, 0, candidate: 6) {
            return [
                warning("runc \(version) refuses loadavg and slabinfo, \(refused)", remedy: "lxcfsctl mounts --except loadavg,slabinfo")
            ]
        }
        if version < VersionNumber(1, 0, 0, candidate: 93) {
            return [warning("runc \(version) refuses slabinfo, \(refused)", remedy: "lxcfsctl mounts --except slabinfo")]
        }
        return [ok("runc \(version) refuses \(refused), which are left out; lxcfsctl attach puts them into running containers")]
    }

    private func crun(_ host: any HostFacts) -> [Finding] {
        guard let version = version(host, "crun", ["--version"]) else { return [] }
        let cgroups = HostCgroups(host)
        if cgroups.layout == .hybrid, let unified = cgroups.unified, !unified.controllers.isEmpty {
            return [
                note(
                    "crun \(version) starts no container where version 2 of the cgroups has controllers beside version 1 ("
                        + unified.controllers.joined(separator: ", ") + ")",
                    remedy: "use runc, or boot with systemd.unified_cgroup_hierarchy=1")
            ]
        }
        return [ok("crun \(version) mounts over every file: lxcfsctl mounts --runtime crun")]
    }

    private func lxc(_ scene: Scene) -> [Finding] {
        guard let version = version(scene.host, "lxc-start", ["--version"]) else { return [] }
        let file = "/usr/share/lxc/config/common.conf.d/00-lxcfs.conf"
        guard let hook = RuntimesCheck.mountHook(in: scene.host.text(of: file) ?? "") else {
            return [ok("LXC \(version) takes the lines of lxcfsctl mounts --format lxc in a container's configuration")]
        }
        if scene.host.text(of: hook) == nil {
            return [
                fault(
                    "LXC \(version) starts no container: \(file) names the hook \(hook), which is not there",
                    remedy: "rm \(file), or install the package that has the hook")
            ]
        }
        // The hook's own folder, which cannot be changed but in the hook.
        guard let status = scene.status, status.mount.path != "/var/lib/lxcfs" else {
            return [ok("LXC \(version) mounts lxcfs into every container that includes common.conf, by \(file)")]
        }
        return [note("LXC \(version) mounts /var/lib/lxcfs into containers, by \(file), and not \(status.mount.path)")]
    }

    /// The program that an LXC configuration has run when it mounts.
    private static func mountHook(in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1).map { HostCgroups.words(String($0)).joined(separator: " ") }
            if sides.count == 2, sides[0] == "lxc.hook.mount" { return sides[1] }
        }
        return nil
    }

    private func version(_ host: any HostFacts, _ program: String, _ arguments: [String]) -> VersionNumber? {
        guard let result = host.run(program, arguments), result.succeeded else { return nil }
        // `systemd 252 (252.39-1)`, and most others on the first line.
        return VersionNumber(in: String(result.output.split(separator: "\n").first ?? ""))
    }
}
