internal import CgroupTree
internal import Cgroups
internal import LinuxSystem

/// Whether there is a cgroup tree, and why not.
package enum CgroupTreeState: Sendable, Equatable {
    /// The folders of `cgroup/`, one for each hierarchy of version 1.
    case served(hierarchies: [String])
    /// `--disable-cgroup`.
    case disabled
    /// There are only cgroups of version 2, or none.
    case noHierarchies
    /// The kernel or the daemon's privileges do not suffice; one clause that says what is missing: `CAP_SETUID is missing`.
    case impossible(reason: String)

    /// Whether one of the mounts is a hierarchy of version 1.
    static func isPossible(on mounts: MountTable) -> Bool { mounts.entries.contains { $0.type == "cgroup" } }
}

extension CgroupTree {
    /// The tree, where it is wanted and can be served, and else why not.
    /// - Parameter threads: those that serve all requests of the mount.
    static func served(
        _ configuration: Configuration, _ layout: CgroupLayout, _ host: HostFilesystem, identification: any CallerIdentification,
        threads: Int
    ) -> (CgroupTree?, CgroupTreeState) {
        guard configuration.cgroupTree else { return (nil, .disabled) }
        do throws(CgroupTreeFault) {
            let tree = try CgroupTree(layout, host: host, identification: identification, threads: threads)
            return (tree, .served(hierarchies: tree.names))
        } catch .noHierarchies {
            return (nil, .noHierarchies)
        } catch {
            return (nil, .impossible(reason: error.description))
        }
    }
}
