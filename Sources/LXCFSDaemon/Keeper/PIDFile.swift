internal import LinuxSystem
internal import SystemPackage

/// The pid file: `<pid>\n`, locked for as long as the daemon lives. Only the holder of the lock writes or removes it.
struct PIDFile: ~Copyable {
    private let lock: LockedFile

    /// Takes the lock and writes this process's pid.
    /// - Parameter inherited: the descriptor of the file where this process has locked and written it already, as another program.
    init(path: String, inherited: Int32? = nil) throws(StartError) {
        lock = try PIDFile.locked(path, inherited)
    }

    /// The descriptor that holds the lock.
    var descriptor: Int32 { lock.rawDescriptor }

    private static func locked(_ path: String, _ inherited: Int32?) throws(StartError) -> LockedFile {
        do throws(Errno) {
            if let inherited { return try LockedFile(path: path, locked: inherited) }
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
