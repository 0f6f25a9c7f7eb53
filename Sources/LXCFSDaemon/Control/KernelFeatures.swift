internal import Cgroups
internal import ContainerViews
internal import FUSE
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// What of the kernel lxcfs makes use of, tried once.
struct KernelFeatures: Sendable {
    let list: [Feature]
    /// Whether the swap of containers is counted; `nil` where there is no cgroup to try it on.
    let accountsSwap: Bool?
    /// Controllers that no hierarchy has, of those that the views show something of.
    let missingControllers: [String]

    init(_ layout: CgroupLayout, _ host: HostFilesystem, initRequest: InitRequest?) {
        accountsSwap = KernelFeatures.accountsSwap(layout)
        let needed: [CgroupController] = [.memory, .cpu, .cpuset, .pids, .blkio]
        missingControllers = needed.filter { layout.hierarchy(of: $0) == nil }.map(\.rawValue)
        var text = InputText(capacity: 1024)
        var list = [
            Feature(
                name: "pidfd", isPresent: KernelAbilities.hasProcessDescriptors,
                meaning: "the init of a container is told from whoever gets its pid after it"),
            Feature(
                name: "NS_GET_PID_FROM_PIDNS", isPresent: KernelAbilities.translatesPIDs,
                meaning: "the init of a container is found by one call; without it by a helper process, once for each container"),
            Feature(
                name: "FUSE_NOTIFY_RESEND", isPresent: initRequest?.offersResending ?? false,
                meaning: "requests that a dead worker had are handed out again also where the memory that they lay in is lost"),
            Feature(
                name: "open_tree", isPresent: KernelAbilities.clonesMounts,
                meaning: "the host's /proc is read past whatever is mounted over it"),
            Feature(
                name: "move_mount", isPresent: KernelAbilities.movesMounts,
                meaning: "files can be put into containers that run already"),
            Feature(
                name: "PSI", isPresent: (try? host.proc.read("pressure/cpu", into: &text)) != nil,
                meaning: "/proc/pressure is there"),
            Feature(
                name: "taskstats", isPresent: (try? TaskStatistics()) != nil,
                meaning: "tasks in cgroups of version 1 are counted by one call; without it one by one"),
            Feature(
                name: "cpuacct.usage_percpu", isPresent: KernelFeatures.accountsEachCPU(layout),
                meaning: "what ran on which CPU is known; without it a container's CPU time is divided among its CPUs"),
            Feature(
                name: "memory accounting", isPresent: layout.hierarchy(of: .memory) != nil,
                meaning: "without it every container is shown the host's memory"),
        ]
        if let accountsSwap {
            list.append(
                Feature(name: "swap accounting", isPresent: accountsSwap, meaning: "without it containers are shown no swap"))
        }
        self.list = list
    }

    private static func accountsEachCPU(_ layout: CgroupLayout) -> Bool {
        guard let hierarchy = layout.hierarchy(of: .cpuacct), hierarchy.version == .v1, let root = try? hierarchy.cgroup(at: .root) else {
            return false
        }
        var text = InputText(capacity: 1024)
        return (try? root.read(.cpuacctUsagePerCPU, into: &text)) ?? false
    }

    /// Version 1 has the files in the root cgroup too, version 2 only below it, and only where the controller is handed down.
    private static func accountsSwap(_ layout: CgroupLayout) -> Bool? {
        guard let hierarchy = layout.hierarchy(of: .memory), let root = try? hierarchy.cgroup(at: .root) else { return nil }
        var text = InputText(capacity: 64)
        if hierarchy.version == .v1 { return (try? root.read(.memorySwapUsage, into: &text)) ?? false }
        for child in ((try? root.children()) ?? []).prefix(64) where (try? child.read(.memoryCurrent, into: &text)) == true {
            return (try? child.read(.memorySwapCurrent, into: &text)) ?? false
        }
        return nil
    }
}
