internal import LXCFSControl

/// Whether a container without a cgroup namespace can manage its own cgroups.
struct CgroupTreeCheck: Check {
    let name = "tree"

    func examine(_ scene: Scene) -> [Finding] {
        let cgroups = HostCgroups(scene.host)
        // The hierarchies of version 1, those without a controller (name=systemd) among them.
        let hasV1 = cgroups.hierarchies.contains { !$0.isUnified }
        if cgroups.hierarchies.isEmpty { return [] }
        if !hasV1 {
            return [ok("No cgroup tree is needed: with cgroups of version 2 a container manages its own in a cgroup namespace")]
        }
        // An older worker says nothing of it.
        guard let tree = scene.status?.cgroupTree else { return [] }
        switch tree.state {
        case .served:
            let folders = tree.hierarchies.joined(separator: " ")
            return [ok("The cgroup tree \(scene.mountPoint)/cgroup has \(folders)")]
        case .disabled:
            return [note("The cgroup tree is left out (--disable-cgroup), which containers without a cgroup namespace may want")]
        case .absent:
            return [note("The cgroups of version 1 were mounted after lxcfs had looked for them", remedy: "lxcfsctl reload")]
        case .impossible:
            return [note("There is no cgroup tree: \(tree.reason ?? "the daemon does not say why")", remedy: remedy(scene))]
        }
    }

    private func remedy(_ scene: Scene) -> String {
        scene.hasSystemd
            ? "\(SystemdCheck.newUnit); systemctl restart lxcfs"
            : "start lxcfs with the capabilities and the kernel that Documentation/cgroup-tree.md names, or with --disable-cgroup"
    }
}
