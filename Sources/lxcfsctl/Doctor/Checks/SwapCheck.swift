/// Whether the kernel limits and counts swap by cgroup.
struct SwapCheck: Check {
    let name = "swap"

    func examine(_ scene: Scene) -> [Finding] {
        guard let swaps = scene.host.text(of: "/proc/swaps") else { return [] }
        guard swaps.split(separator: "\n").count > 1 else { return [ok("The host has no swap")] }
        let cgroups = HostCgroups(scene.host)
        guard let memory = cgroups.hierarchy(of: "memory") else { return [] }
        let isCounted =
            memory.isUnified
            ? scene.host.names(in: memory.mountPoint).contains {
                scene.host.text(of: "\(memory.mountPoint)/\($0)/memory.swap.max") != nil
            } : scene.host.text(of: memory.mountPoint + "/memory.memsw.limit_in_bytes") != nil
        if isCounted { return [ok("The kernel limits and counts swap by cgroup")] }
        return [warning("The kernel does not count swap by cgroup: no container is shown any", remedy: "boot with swapaccount=1")]
    }
}
