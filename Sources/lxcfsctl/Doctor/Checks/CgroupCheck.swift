/// Whether containers can have limits, which is what lxcfs shows them.
struct CgroupCheck: Check {
    let name = "cgroups"

    func examine(_ scene: Scene) -> [Finding] {
        let cgroups = HostCgroups(scene.host)
        switch cgroups.layout {
        case .none:
            return [
                fault("No cgroup hierarchy is mounted: every container sees the host", remedy: "mount -t cgroup2 cgroup2 /sys/fs/cgroup")
            ]
        case .v2:
            return [ok("The cgroups are of version 2 (\(list(cgroups.unified?.controllers ?? [])))")] + delegation(cgroups, scene.host)
        case .v1, .hybrid:
            let controllers = cgroups.hierarchies.filter { !$0.isUnified }.flatMap(\.controllers)
            let unified = cgroups.unified.map { $0.controllers.isEmpty ? "" : "; of version 2 \(list($0.controllers))" } ?? ""
            let layout = cgroups.layout == .hybrid ? "hybrid: of version 1" : "of version 1:"
            return [ok("The cgroups are \(layout) \(list(controllers))\(unified)")] + absent(cgroups)
        }
    }

    /// Version 2: what the root hands down to its children.
    private func delegation(_ cgroups: HostCgroups, _ host: any HostFacts) -> [Finding] {
        guard let root = cgroups.unified else { return [] }
        var findings = absent(cgroups)
        let file = root.mountPoint + "/cgroup.subtree_control"
        guard let text = host.text(of: file) else { return findings }
        let enabled = HostCgroups.words(text)
        let missing = ["memory", "cpu", "cpuset", "io", "pids"].filter { root.controllers.contains($0) && !enabled.contains($0) }
        if !missing.isEmpty {
            let words = missing.map { "+" + $0 }.joined(separator: " ")
            let sentence = "The root cgroup does not hand \(list(missing)) down: containers can have no such limits"
            let remedy = "echo \"\(words)\" > \(file)"
            findings.append(
                missing.contains("memory") || missing.contains("cpu") ? warning(sentence, remedy: remedy) : note(sentence, remedy: remedy))
        }
        return findings
    }

    /// Controllers that no hierarchy has.
    private func absent(_ cgroups: HostCgroups) -> [Finding] {
        let isV2 = cgroups.layout == .v2
        let wanted = isV2 ? ["memory", "cpu", "cpuset", "io", "pids"] : ["memory", "cpu", "cpuset", "cpuacct", "blkio", "pids"]
        return wanted.filter { cgroups.hierarchy(of: $0) == nil }.map { controller in
            controller == "memory"
                ? warning(
                    "The kernel has no cgroup controller memory: containers see the host's memory",
                    remedy: "boot without cgroup_disable=memory, or with cgroup_enable=memory")
                : note("There is no cgroup controller \(controller): what it would limit and count is the host's or 0 for containers")
        }
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
