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

    /// In each namespace the process with the lowest pid, its first as a rule, whose root is the namespace's: those in a chroot(2) see a part only.
    private func representatives() -> [Int32] {
        let ofHost = MountNamespaces.ofHost(host)
        var chosen: [UInt64: (pid: Int32, isWhole: Bool)] = [:]
        for pid in ((try? host.proc.names()) ?? []).compactMap({ Int32($0) }).sorted() {
            guard let inode = try? host.proc.status("\(pid)/ns/mnt").inode, !ofHost.contains(inode), chosen[inode]?.isWhole != true else {
                continue
            }
            let isWhole = (try? host.proc.destinationOfLink("\(pid)/root")) == "/"
            if chosen[inode] == nil || isWhole { chosen[inode] = (pid, isWhole) }
        }
        return chosen.values.map(\.pid).sorted()
    }
}
