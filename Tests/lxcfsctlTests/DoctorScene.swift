import LXCFSControl
import LinuxSystem
import ProcText

@testable import lxcfsctl

/// A machine made of texts.
final class ScriptedHost: HostFacts {
    var isRoot = true
    var mountinfo = ""
    var texts: [String: String] = [:]
    var folders: [String: [String]] = [:]
    var links: [String: String] = [:]
    var probes: [String: Probe] = [:]
    var programs: [String: String] = [:]
    /// What was asked of paths that may hang.
    private(set) var probed: [String] = []

    var mounts: MountTable? { MountTable(InputText(mountinfo)) }

    func text(of path: String) -> String? { texts[path] }
    func patientText(of path: String) -> String? { texts[path] }
    func names(in folder: String) -> [String] { folders[folder] ?? [] }
    func destination(ofLink path: String) -> String? { links[path] }
    func probe(_ path: String) -> Probe {
        probed.append(path)
        return probes[path] ?? .absent
    }
    func opens(_ path: String) -> Probe { probes["open " + path] ?? .absent }
    func program(_ name: String) -> String? { programs.keys.contains { $0.split(separator: " ")[0] == name } ? "/usr/bin/" + name : nil }
    func run(_ program: String, _ arguments: [String]) -> FinishedCommand? {
        programs[([program] + arguments).joined(separator: " ")].map { FinishedCommand(end: .exited(0), output: $0) }
    }

    /// A host of version 2 with nothing on it.
    static func bare() -> ScriptedHost {
        let host = ScriptedHost()
        host.mountinfo = """
            20 1 0:20 / /proc rw - proc proc rw
            30 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw

            """
        host.texts = [
            "/proc/sys/kernel/osrelease": "6.12.1\n", "/proc/filesystems": "nodev\ttmpfs\nnodev\tfuse\n\text4\n",
            "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
            "/sys/fs/cgroup/cgroup.subtree_control": "cpuset cpu io memory pids\n",
            "/proc/swaps": "Filename Type Size Used Priority\n", "/etc/group": "root:x:0:\nlxcfs:x:77:alice\n",
        ]
        host.folders = ["/lib": ["libfuse3.so.3"]]
        host.probes = [
            "/dev/fuse": .exists(mode: 0o020666, owner: 0, group: 0), "open /dev/fuse": .exists(mode: 0o020666, owner: 0, group: 0),
        ]
        return host
    }

    /// The same, with services that systemd starts.
    static func withSystemd() -> ScriptedHost {
        let host = bare()
        host.folders["/run/systemd"] = ["journal", "system"]
        return host
    }

    /// A bare one with a daemon that serves.
    static func serving() -> ScriptedHost {
        let host = bare()
        host.mountinfo += "40 1 0:40 / /var/lib/lxcfs rw shared:3 - fuse.lxcfs lxcfs rw\n"
        host.probes["/run/lxcfs/control.sock"] = .exists(mode: 0o140660, owner: 0, group: 77)
        host.texts["/proc/11/limits"] = "Limit Soft Hard Units\nMax open files            1048576              1048576              files\n"
        return host
    }
}

extension Scene {
    /// No daemon runs.
    static func without(_ host: ScriptedHost, _ silence: ClientError = .notRunning) -> Scene {
        Scene(host: host, socket: "/run/lxcfs/control.sock", silence: silence, status: nil)
    }

    /// A daemon answers.
    static func with(_ host: ScriptedHost, _ status: GetStatus.Reply = .well()) -> Scene {
        Scene(host: host, socket: "/run/lxcfs/control.sock", silence: nil, status: status)
    }
}

extension GetStatus.Reply {
    /// A daemon of which there is nothing to say.
    static func well() -> GetStatus.Reply {
        let processes = [
            Process(role: .keeper, pid: 10, residentBytes: 0, privateBytes: 0, threads: 1, descriptors: 9),
            Process(role: .worker, pid: 11, residentBytes: 0, privateBytes: 0, threads: 9, descriptors: 50),
        ]
        return GetStatus.Reply(
            health: .healthy, problems: [], version: ProductVersion.current, build: "debug",
            program: Program(path: "/usr/bin/lxcfs", onDisk: .same), generation: 1, startedAt: 0,
            reload: Reloaded(outcome: .none, count: 0),
            crashes: 0, mount: MountPoint(path: "/var/lib/lxcfs", device: "0:40", isAlive: true, isShared: true), virtualization: true,
            hierarchies: [], cgroupTree: CgroupTreeStatus(state: .absent),
            features: [Feature(name: "resend", isPresent: true, meaning: "Answers what a dead worker left.")], reads: 0,
            errors: 0, fallbacks: 0, replayed: 0, refused: 0, files: [], processes: processes, containers: 0, connections: 1)
    }
}
