package import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A resource controller, by the name that cgroups(7) gives it on version 1.
package enum CgroupController: String, Sendable, CaseIterable {
    case cpu, cpuacct, cpuset, memory, blkio, pids, hugetlb

    /// The controller's name in cgroup.controllers. `cpuacct` became a part of every cgroup of version 2.
    package var unifiedName: String { self == .blkio ? "io" : rawValue }
}

/// Which of the two kernel interfaces a hierarchy speaks.
package enum CgroupVersion: Sendable {
    case v1, v2
}

/// All cgroup hierarchies of the host and which controller lives where; found once, from the table of mounts.
///
/// Pure version 1, hybrid and pure version 2 hosts are not told apart anywhere else: each controller is where it is.
package struct CgroupLayout: Sendable, CustomStringConvertible {
    /// The hierarchies, one for each mounted superblock.
    package let hierarchies: [CgroupHierarchy]
    /// The hierarchy of version 2, which may be there without any controller (hybrid hosts).
    package let unified: CgroupHierarchy?

    /// Finds the hierarchies among the mounts that the process with this table sees. Those that cannot be opened are left out.
    package init(_ host: HostFilesystem, mounts: MountTable) {
        var hierarchies: [CgroupHierarchy] = []
        // What is mounted from nearest the root comes first: a container's bind mount of its own cgroup shows nobody else's.
        let candidates = mounts.entries.filter { $0.type == "cgroup" || $0.type == "cgroup2" }
        for entry in candidates.filter({ $0.root == "/" }) + candidates.filter({ $0.root != "/" }) {
            let version: CgroupVersion = entry.type == "cgroup2" ? .v2 : .v1
            guard let root = try? host.mount(at: entry.mountPoint) else { continue }
            let names = version == .v2 ? CgroupLayout.unifiedControllers(root) : CgroupLayout.names(inOptions: entry.superOptions)
            let isKnown = hierarchies.contains { $0.version == version && (version == .v2 || $0.names == names) }
            if isKnown { continue }
            hierarchies.append(
                CgroupHierarchy(
                    index: hierarchies.count, version: version, names: names, mountPoint: entry.mountPoint,
                    mountRoot: CgroupPath(entry.root), root: root))
        }
        self.hierarchies = hierarchies
        unified = hierarchies.first { $0.version == .v2 }
    }

    /// Of a mount of version 1: its controllers, and its name where it has one.
    private static func names(inOptions options: [Substring]) -> [String] {
        let others: Set<Substring> = ["rw", "ro", "noprefix", "clone_children", "cpuset_v2_mode", "xattr", "favordynmods"]
        return options.filter { !others.contains($0) && !$0.hasPrefix("release_agent=") }.map(String.init)
    }

    /// The hierarchy that has the controller, or `nil` where no hierarchy has it.
    package func hierarchy(of controller: CgroupController) -> CgroupHierarchy? {
        if let dedicated = hierarchies.first(where: { $0.version == .v1 && $0.names.contains(controller.rawValue) }) { return dedicated }
        guard let unified else { return nil }
        if controller == .cpuacct { return hierarchies.contains { $0.version == .v1 && $0.names.contains("cpu") } ? nil : unified }
        return unified.names.contains(controller.unifiedName) ? unified : nil
    }

    /// One line for the log: which controller is where.
    package var description: String {
        let dedicated = Set(hierarchies.filter { $0.version == .v1 }.flatMap(\.names))
        let old = CgroupController.allCases.map(\.rawValue).filter(dedicated.contains)
        let new = (unified?.names ?? []).filter { !dedicated.contains($0) }
        switch (old.isEmpty, unified == nil) {
        case (true, true): return "no cgroups"
        case (true, false): return "cgroup version 2 (\(new.joined(separator: " ")))"
        case (false, true): return "cgroup version 1 (\(old.joined(separator: " ")))"
        case (false, false): return "cgroup version 1 (\(old.joined(separator: " "))) and 2 (\(new.joined(separator: " ")))"
        }
    }

    private static func unifiedControllers(_ root: Directory) -> [String] {
        var text = InputText(capacity: 256)
        guard (try? root.read("cgroup.controllers", into: &text)) != nil else { return [] }
        var names: [String] = []
        var scanner = text.scanner
        while let word = scanner.word() { names.append(String(decoding: text.bytes[word], as: UTF8.self)) }
        return names
    }
}
