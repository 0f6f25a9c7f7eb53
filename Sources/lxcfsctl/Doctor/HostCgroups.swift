internal import LinuxSystem

/// The cgroup hierarchies as the table of mounts has them.
struct HostCgroups {
    struct Hierarchy: Equatable {
        let mountPoint: String
        let isUnified: Bool
        /// v1: as mounted. v2: cgroup.controllers of the root.
        let controllers: [String]
    }

    let hierarchies: [Hierarchy]

    init(_ host: any HostFacts) {
        var devices: Set<String> = []
        hierarchies = (host.mounts?.entries ?? []).compactMap { entry in
            guard entry.type == "cgroup" || entry.type == "cgroup2", devices.insert(entry.device).inserted else { return nil }
            let isUnified = entry.type == "cgroup2"
            let known: Set<String> = ["cpu", "cpuacct", "cpuset", "memory", "blkio", "pids", "hugetlb", "devices", "freezer"]
            let controllers =
                isUnified
                ? HostCgroups.words(host.text(of: entry.mountPoint + "/cgroup.controllers") ?? "")
                : entry.superOptions.map(String.init).filter { known.contains($0) }
            return Hierarchy(mountPoint: entry.mountPoint, isUnified: isUnified, controllers: controllers)
        }
    }

    enum Layout: String {
        case none, v1 = "version 1", hybrid, v2 = "version 2"
    }

    /// Hybrid: version 1 has controllers, and version 2 is mounted too.
    var layout: Layout {
        let hasV1 = hierarchies.contains { !$0.isUnified && !$0.controllers.isEmpty }
        let hasV2 = hierarchies.contains { $0.isUnified }
        switch (hasV1, hasV2) {
        case (true, true): return .hybrid
        case (true, false): return .v1
        case (false, true): return .v2
        case (false, false): return .none
        }
    }

    /// The one of version 2.
    var unified: Hierarchy? { hierarchies.first { $0.isUnified } }

    /// The one that has a controller.
    func hierarchy(of controller: String) -> Hierarchy? { hierarchies.first { $0.controllers.contains(controller) } }

    static func words(_ text: String) -> [String] { text.split { $0 == " " || $0 == "\n" || $0 == "\t" }.map(String.init) }
}
