internal import LinuxSystem
internal import SystemPackage

/// The mount namespaces of the machine.
struct MountNamespaces {
    private let host: HostFilesystem

    init(_ host: HostFilesystem) {
        self.host = host
    }

    /// The inodes of those that are the host's own: the daemon's, and that of pid 1 as the daemon sees it. The daemon may have one of its own.
    static func ofHost(_ host: HostFilesystem) -> Set<UInt64> {
        Set(["self", "1"].compactMap { try? host.proc.status($0 + "/ns/mnt").inode })
    }

    /// One process of each namespace but the host's in which another lxcfs than the one with this device is or was mounted.
    func withForeignMounts(than device: String) -> [MountsOfProcess] {
        representatives().compactMap { pid in
            guard let mounts = try? MountsOfProcess(pid, host), !mounts.table.foreign(to: device).isEmpty else { return nil }
            return mounts
        }
    }

    /// In each namespace the process that knows most of it: whose root is the namespace's, not that of a chroot(2); that lives in a pid namespace of its
    /// own, and not beside the container in the daemon's; the one with the lowest pid.
    private func representatives() -> [Int32] {
        let ofHost = MountNamespaces.ofHost(host)
        let ownPIDs = try? host.proc.status("self/ns/pid").inode
        var chosen: [UInt64: (pid: Int32, rank: Int)] = [:]
        for pid in ((try? host.proc.names()) ?? []).compactMap({ Int32($0) }).sorted() {
            guard let inode = try? host.proc.status("\(pid)/ns/mnt").inode, !ofHost.contains(inode), (chosen[inode]?.rank ?? 0) < 3 else {
                continue
            }
            let isWhole = (try? host.proc.destinationOfLink("\(pid)/root")) == "/"
            let isInside = (try? host.proc.status("\(pid)/ns/pid").inode) != ownPIDs
            let rank = (isWhole ? 2 : 0) + (isInside ? 1 : 0)
            if rank > chosen[inode]?.rank ?? -1 { chosen[inode] = (pid, rank) }
        }
        return chosen.values.map(\.pid).sorted()
    }
}
