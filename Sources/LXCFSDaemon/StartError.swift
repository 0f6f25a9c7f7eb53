package import SystemPackage

/// Why the daemon does not start: one sentence that says what to do.
package enum StartError: Error, CustomStringConvertible {
    case notRoot
    case ownCgroups
    case pidFile(String, Errno)
    case alreadyRunning(pidFile: String)
    case host(Errno)
    case mount(String)
    case session(String)
    case threads(Errno)
    case memory(Errno)
    case signals(Errno)
    case noKeeper(Errno)
    case selfTest(String)
    case controlSocket(String, Errno)
    case controlSocketTaken(String)
    case unknownGroup(String)

    package var description: String {
        switch self {
        case .notRoot: "lxcfs must be started by root: mounting and looking into containers takes CAP_SYS_ADMIN."
        case .ownCgroups:
            """
            lxcfs is in a cgroup namespace of its own, where the limits of containers cannot be found; start it in that of the host \
            (docker run --cgroupns host; privileged: true in a pod).
            """
        case .pidFile(let path, let error):
            "The pid file \(path) cannot be written (\(error)); make its folder or choose another with --pidfile."
        case .alreadyRunning(let path): "Another lxcfs holds the lock of \(path); stop it first, or give this one its own --pidfile."
        case .host(let error): "The host's /proc or /sys cannot be opened (\(error)); both must be mounted."
        case .mount(let reason), .session(let reason): reason
        case .memory(let error): "The memory that survives a crash cannot be made (\(error)); raise the limits on memory and open files."
        case .signals(let error): "Signals cannot be received (\(error)); raise the limit of open files."
        case .noKeeper(let error): "A worker cannot be started by hand (\(error)): start lxcfs without --worker."
        case .selfTest(let fault): "The worker tested itself: \(fault)."
        case .controlSocket(let path, let error):
            "The control socket \(path) cannot be made (\(error)); make room or choose another path with --control-socket."
        case .controlSocketTaken(let path):
            "Another lxcfs serves the control socket \(path); give this one its own with --control-socket, or none with --control-socket none."
        case .unknownGroup(let name):
            "There is no group \(name) for the control socket: create it with groupadd, or choose another with --control-group."
        case .threads(let error): "The threads that answer requests cannot be started (\(error)); raise the limit of processes."
        }
    }
}
