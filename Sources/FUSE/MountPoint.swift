internal import CFuse3
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// A directory to mount on, made sure of: it is there, is a directory, and nothing of ours is alive on it.
struct MountPoint {
    /// Absolute, without symbolic links, as mountinfo shows it.
    let path: String
    /// How many dead mounts of a predecessor were in the way and have been detached.
    let detachedMounts: Int

    /// The type as mountinfo shows it, and the only one that is ever detached.
    static let type = "fuse.lxcfs"

    init(_ path: String) throws(MountError) {
        self.path = try MountPoint.canonical(path)
        detachedMounts = try MountPoint.detachDeadMounts(at: self.path)
        var status = stat()
        guard stat(self.path, &status) == 0 else { throw MountPoint.error(Errno(rawValue: errno), path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(mountPoint: path) }
        if MountPoint.topmost(at: self.path)?.type == MountPoint.type { throw .alreadyMounted(mountPoint: path) }
    }

    /// The mount that is seen at a canonical path, if one is.
    static func topmost(at path: String) -> MountTableEntry? {
        (try? MountTable.current())?.mounts(at: path).last
    }

    /// Whether the topmost mount at a canonical path has lost its server. Only a mount of our type is asked.
    private static func isDead(_ path: String) -> Bool {
        guard topmost(at: path)?.type == type else { return false }
        do throws(Errno) {
            // stat(2) would be told what the kernel remembers.
            try FileStatus.ask(path)
            return false
        } catch {
            // ECONNABORTED: its server was killed, and ended only while it was asked.
            return error == .socketNotConnected || error == .connectionAbort
        }
    }

    private static func detachDeadMounts(at path: String) throws(MountError) -> Int {
        var count = 0
        while isDead(path) {
            // A mount that comes back as often as this is being made by someone.
            guard count < 1000 else { throw .failed(mountPoint: path, .resourceBusy) }
            guard umount2(path, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) == 0 else { throw error(Errno(rawValue: errno), path) }
            count += 1
        }
        return count
    }

    static func canonical(_ path: String) throws(MountError) -> String {
        guard let resolved = realpath(path, nil) else { throw error(Errno(rawValue: errno), path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func error(_ error: Errno, _ path: String) -> MountError {
        switch error {
        case .noSuchFileOrDirectory: .missing(mountPoint: path)
        case .notDirectory: .notADirectory(mountPoint: path)
        case .notPermitted: .notPermitted(mountPoint: path)
        case .socketNotConnected: .coveredByDeadMount(mountPoint: path, type: topmost(at: path)?.type ?? "fuse")
        default: .unreachable(mountPoint: path, error)
        }
    }
}
