internal import ContainerViews
internal import LXCFSControl
internal import LinuxSystem

/// What a runtime has to bind into a container: every file below /proc that the host has, and the folders below /sys as wholes, since a list of
/// CPUs beside the host's cpuN folders would contradict itself.
struct MountCatalogue: Sendable {
    /// One of them.
    struct Item: Sendable, Equatable {
        /// Below the mount point: `proc/meminfo`.
        let file: String
        let isFolder: Bool
        /// Runtimes whose list of allowed destinations leaves it out, in all of their versions that are in use.
        let refusedBy: [String]

        /// Where a container shall have it.
        var destination: String { "/" + file }
    }

    /// Below /proc first, then below /sys, each in the order of the table of views.
    let items: [Item]

    /// Folders that are bound as wholes.
    static let folders = ["sys/devices/system/cpu", "sys/devices/system/node"]

    /// What runc's checkProcMount() lets through since 1.0.0-rc93, February 2021; crun has no such list, and below /sys nobody has one.
    static let allowedByRunc: Set<String> = [
        "proc/cpuinfo", "proc/diskstats", "proc/loadavg", "proc/meminfo", "proc/slabinfo", "proc/stat", "proc/swaps", "proc/uptime",
    ]

    /// What nosuid and its like cost nothing and take away what nobody needs of a mount. rw: we refuse to write ourselves, and `ro` makes some
    /// versions of runc drop the others, or fail in a user namespace.
    static let options = ["bind", "rw", "nosuid", "nodev", "noexec"]

    /// All that any host has, by paths below the mount point.
    static let everything = ViewTable.files.filter { $0.hasPrefix("proc/") } + folders

    /// What this host has of it.
    init(_ host: HostFilesystem) {
        items = MountCatalogue.everything.compactMap { file in
            if MountCatalogue.folders.contains(file) {
                return (try? host.sys.status(String(file.dropFirst(4)))) == nil ? nil : Item(file: file, isFolder: true, refusedBy: [])
            }
            let isAllowed = MountCatalogue.allowedByRunc.contains(file)
            return (try? host.proc.status(String(file.dropFirst(5)))) == nil
                ? nil : Item(file: file, isFolder: false, refusedBy: isAllowed ? [] : ["runc"])
        }
    }

    /// Those that are named; all where `names` is `nil`.
    /// - Throws: NoSuchFile.
    func items(named names: [String]?) throws(ControlFault) -> [Item] {
        let chosen = Set(try FileSelection(of: items.map(\.file), wholes: Set(MountCatalogue.folders))(names))
        return items.filter { chosen.contains($0.file) }
    }
}
