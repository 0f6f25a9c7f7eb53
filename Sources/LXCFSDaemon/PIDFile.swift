internal import LinuxSystem
internal import SystemPackage

/// The pid file: `<pid>\n`, locked for as long as the daemon lives. Only the holder of the lock writes or removes it.
struct PIDFile: ~Copyable {
    private let lock: LockedFile

    /// Takes the lock and writes this process's pid.
    init(path: String) throws(StartError) {
        lock = try PIDFile.locked(path)
    }

    private static func locked(_ path: String) throws(StartError) -> LockedFile {
        do throws(Errno) {
            return try LockedFile(path: path, content: "\(ProcessIdentity.pid)\n")
        } catch {
            if error == .resourceTemporarilyUnavailable || error == .permissionDenied { throw .alreadyRunning(pidFile: path) }
            throw .pidFile(path, error)
        }
    }

    /// Removes the file. To be called when the daemon ends as it should; after a crash the file stays, unlocked.
    consuming func remove() {
        lock.unlink()
    }
}
