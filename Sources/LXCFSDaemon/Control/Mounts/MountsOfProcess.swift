internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// Where our file system is mounted.
struct OwnMount: Sendable, Equatable {
    let path: String
    /// As mountinfo has it.
    let device: String
}

/// What a process has mounted where, as its mountinfo tells: nobody who serves a file system is asked.
struct MountsOfProcess: Sendable {
    let pid: Int64
    /// Its folder in the host's procfs: of this process, also when its pid is another's.
    let folder: Directory
    /// The inode of its mount namespace.
    let namespace: UInt64
    let table: MountTable

    /// - Throws: NoSuchProcess.
    init(of pid: Int64, _ host: HostFilesystem) throws(ControlFault) {
        guard let number = Int32(exactly: pid), number > 0 else { throw MountsOfProcess.missing(pid) }
        do throws(Errno) {
            try self.init(number, host)
        } catch .permissionDenied, .notPermitted {
            throw .mountsUnreachable(pid, "the mounts of process \(pid) cannot be read: the daemon needs CAP_SYS_PTRACE")
        } catch .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem {
            throw .unavailable("memory or descriptors are short; try again")
        } catch {
            // A process that has ended and was not waited for has no namespaces any more: EINVAL.
            throw MountsOfProcess.missing(pid)
        }
    }

    init(_ pid: Int32, _ host: HostFilesystem) throws(Errno) {
        self.pid = Int64(pid)
        folder = try host.proc.directory("\(pid)")
        namespace = try folder.status("ns/mnt").inode
        var text = InputText(capacity: 16384)
        try folder.read("mountinfo", into: &text)
        table = MountTable(text)
    }

    static func missing(_ pid: Int64) -> ControlFault {
        .noSuchProcess(pid, "there is no process \(pid); ask the runtime for the container's pid again")
    }
}

extension MountTable {
    /// The type of the file system with this device; `nil` where the process has none like that.
    func type(ofDevice device: String) -> String? {
        entries.first { $0.device == device }?.type
    }

    /// The mount that a path lies in, as far as the table tells: the one nearest to it, the last of several.
    func mount(holding path: String) -> MountTableEntry? {
        nearest(path) { path == $0 || $0 == "/" || path.hasPrefix($0 + "/") }
    }

    /// The mount that something mounted at a path lies on.
    func mount(below path: String) -> MountTableEntry? {
        nearest(path) { $0 == "/" || path.hasPrefix($0 + "/") }
    }

    private func nearest(_ path: String, _ holds: (String) -> Bool) -> MountTableEntry? {
        var found: MountTableEntry?
        for entry in entries where entry.mountPoint.utf8.count >= found?.mountPoint.utf8.count ?? 0 && holds(entry.mountPoint) {
            found = entry
        }
        return found
    }

    /// The mounts of another lxcfs than the one with this device, dead or alive.
    func foreign(to device: String) -> [MountTableEntry] {
        entries.filter { $0.type == MountTable.lxcfsType && $0.device != device }
    }

    /// The numbers of the peer groups, mount_namespaces(7), that these mounts give to or take from.
    var peerGroups: Set<Substring> {
        Set(
            entries.flatMap(\.propagation).compactMap { MountTable.group($0, "shared:") ?? MountTable.group($0, "master:") }
        )
    }

    /// The peer group to which what is mounted on this mount is shown too.
    static func peerGroup(of mount: MountTableEntry?) -> Substring? {
        mount?.propagation.lazy.compactMap { group($0, "shared:") }.first
    }

    private static func group(_ field: String, _ prefix: String) -> Substring? {
        field.hasPrefix(prefix) ? field.dropFirst(prefix.count) : nil
    }
}
