internal import LXCFSControl
internal import LinuxSystem

/// Where the checks look. Nothing of it changes anything, and nothing waits for longer than a few seconds.
protocol HostFacts {
    /// Whether this program may look at everything.
    var isRoot: Bool { get }
    /// The mounts that this program sees; `nil` where they cannot be read.
    var mounts: MountTable? { get }
    /// The text of a file that the kernel itself makes, or of a plain small one; `nil` where it cannot be read.
    func text(of path: String) -> String?
    /// The text of a file that may keep its reader waiting.
    func patientText(of path: String) -> String?
    /// The names in a folder of a kernel or disk file system, sorted; empty where it cannot be read.
    func names(in folder: String) -> [String]
    /// Where a symbolic link leads to.
    func destination(ofLink path: String) -> String?
    /// What lies at a path, on which a file system may be mounted that does not answer.
    func probe(_ path: String) -> Probe
    /// Whether the file can be opened for reading and writing.
    func opens(_ path: String) -> Probe
    /// Where a program lies that is in one of the usual folders.
    func program(_ name: String) -> String?
    /// Runs a program, by its name; `nil` where there is none, or where it took too long.
    func run(_ program: String, _ arguments: [String]) -> FinishedCommand?
}

/// What was found at a path.
enum Probe: Sendable, Equatable {
    /// Type and permission bits, owner and group.
    case exists(mode: UInt32, owner: UInt32, group: UInt32)
    case absent
    /// The server of the file system there is gone: ENOTCONN.
    case dead
    /// It did not answer in time.
    case silent
    /// Another error.
    case failed(String)

    var isFolder: Bool {
        if case .exists(let mode, _, _) = self { mode & 0o170000 == 0o040000 } else { false }
    }
}

/// All that a check may ask: the machine, and what the daemon has said.
struct Scene {
    let host: any HostFacts
    /// The daemon's socket.
    let socket: String
    /// Why it said nothing; `nil` where it did.
    let silence: ClientError?
    /// What it said of itself; `nil` where it is not running, or does not answer.
    let status: GetStatus.Reply?

    /// Where the mount should be.
    var mountPoint: String { status?.mount.path ?? "/var/lib/lxcfs" }

    /// Whether systemd is what starts services here. Its folder is often empty, and only root sees what process 1 is.
    var hasSystemd: Bool { host.names(in: "/run/systemd").contains("system") }

    /// How the daemon is started and stopped.
    var commands: ServiceCommands { commands(for: status?.processes.first { $0.role == .keeper }?.pid) }

    /// The same where this process is what runs.
    func commands(for pid: Int64?) -> ServiceCommands { ServiceCommands(hasSystemd: hasSystemd, mountPoint: mountPoint, running: pid) }
}
