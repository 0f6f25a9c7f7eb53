internal import Glibc
internal import Synchronization

/// A container that runc makes from an OCI bundle: what Docker, containerd and CRI-O do at the end.
package struct RuncContainer {
    private let folder: TemporaryFolder
    private let rootfs: String
    private let mountPoint: String
    private let limits: Limits
    private let busyBoxOnly: Bool
    private static let counter = Atomic<Int>(0)

    /// Whether runc is installed.
    package static var isInstalled: Bool { Machine.program("runc") != nil }

    /// The /proc files over which every version of runc mounts; it refuses others.
    static let allowed: Set<String> = ["cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "uptime"]

    /// A container whose root is the host's, read-only, or a folder with BusyBox alone.
    package init(_ limits: Limits, mountPoint: String, busyBoxOnly: Bool = false) throws(BenchError) {
        folder = try TemporaryFolder()
        rootfs = folder.path + "/rootfs"
        self.mountPoint = mountPoint
        self.limits = limits
        self.busyBoxOnly = busyBoxOnly
        let folders = ["", "/proc", "/sys", "/dev", "/tmp", "/bin", "/etc"]
        for name in busyBoxOnly ? folders : [""] { mkdir(rootfs + name, 0o755) }
        guard busyBoxOnly else { return }
        guard let busybox = Machine.program("busybox") else { throw BenchError("busybox is not installed") }
        let script =
            "cp \(busybox) \(rootfs)/bin/busybox && for a in $(\(busybox) --list); do [ $a = busybox ] || ln -s busybox \(rootfs)/bin/$a; done"
        let made = try Command.run(["sh", "-c", script])
        guard made.succeeded else { throw BenchError("\(made)") }
    }

    /// Runs a command as the container's init, and removes the container.
    package func run(_ arguments: [String], seconds: Double = 30) throws(BenchError) -> CommandResult {
        let name = RuncContainer.newName()
        defer { delete(name) }
        return try Command.run(prepare(arguments, name), seconds: seconds)
    }

    /// Runs a command as the container's init, and lends `body` the pid of that, as the host sees it; removes the container.
    package func whileRunning<Result>(_ arguments: [String], _ body: (Int32) throws -> Result) throws -> Result {
        let name = RuncContainer.newName()
        let running = try Command(prepare(arguments, name))
        defer {
            delete(name)
            running.kill()
        }
        var pid: Int32?
        let file = folder.path + "/pid"
        _ = Machine.wait(20) {
            pid = Machine.read(file).flatMap { Int32($0) }
            // Until then it is runc itself.
            return pid.map { ProcessTable.arguments(of: $0) == arguments } ?? !running.isRunning
        }
        guard let pid, running.isRunning else { throw BenchError("the container did not start: \(running.errorsSoFar)") }
        return try body(pid)
    }

    /// A sibling of the cgroups that TestCgroup makes: swept with them should runc leave it behind.
    private static func newName() -> String {
        "lxcfs-test-\(getpid())-\(900_000 + counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    private func delete(_ name: String) {
        _ = try? Command.run(["runc", "--root", folder.path + "/state", "delete", "--force", name])
    }

    private func prepare(_ arguments: [String], _ name: String) throws(BenchError) -> [String] {
        try Machine.write(configuration(arguments, cgroup: "/" + name), to: folder.path + "/config.json", creating: true)
        let bind = busyBoxOnly ? rootfs : "/"
        // The bind is gone with the mount namespace, however this ends.
        let script = """
            mount --bind "$1" "$2/rootfs" || exit 1
            exec runc --root "$2/state" run --pid-file "$2/pid" --bundle "$2" "$3"
            """
        return ["unshare", "--mount", "sh", "-c", script, "sh", bind, folder.path, name]
    }

    private func configuration(_ arguments: [String], cgroup: String) -> String {
        var mounts = [
            mount("/proc", "proc", "proc", ["nosuid", "nodev", "noexec"]),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "mode=755", "size=65536k"]),
            mount("/tmp", "tmpfs", "tmpfs", ["nosuid", "nodev"]),
            mount("/sys", "sysfs", "sysfs", ["nosuid", "nodev", "noexec", "ro"]),
        ]
        for file in Machine.names(in: mountPoint + "/proc") where RuncContainer.allowed.contains(file) {
            mounts.append(mount("/proc/" + file, "bind", mountPoint + "/proc/" + file, ["bind", "rw", "nosuid", "nodev"]))
        }
        for path in ["/sys/devices/system/cpu", "/sys/devices/system/node"] where Machine.exists(mountPoint + path) && Machine.exists(path)
        {
            mounts.append(mount(path, "bind", mountPoint + path, ["bind", "rw", "nosuid", "nodev"]))
        }
        let namespaces = ["pid", "mount", "uts", "ipc"].map { "{\"type\":\"\($0)\"}" }.joined(separator: ",")
        let environment = "[\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\",\"LC_ALL=C\",\"HOME=/tmp\"]"
        return """
            {"ociVersion":"1.0.2","hostname":"box",
            "process":{"terminal":false,"user":{"uid":0,"gid":0},"cwd":"/","noNewPrivileges":true,
            "args":[\(arguments.map(quoted).joined(separator: ","))],"env":\(environment)},
            "root":{"path":"rootfs","readonly":true},"mounts":[\(mounts.joined(separator: ",\n"))],
            "linux":{"cgroupsPath":"\(cgroup)","resources":{\(resources)},"namespaces":[\(namespaces)]}}
            """
    }

    private var resources: String {
        var parts: [String] = []
        if let memory = limits.memory { parts.append("\"memory\":{\"limit\":\(memory)}") }
        var cpu: [String] = []
        if let cpus = limits.cpus { cpu.append("\"quota\":\(Int(cpus * 100_000)),\"period\":100000") }
        if let cpuset = limits.cpuset { cpu.append("\"cpus\":\"\(cpuset)\"") }
        if !cpu.isEmpty { parts.append("\"cpu\":{\(cpu.joined(separator: ","))}") }
        return parts.joined(separator: ",")
    }

    private func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]) -> String {
        let list = options.map { "\"\($0)\"" }.joined(separator: ",")
        return "{\"destination\":\"\(destination)\",\"type\":\"\(type)\",\"source\":\"\(source)\",\"options\":[\(list)]}"
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            switch character {
            case "\"", "\\": result += "\\\(character)"
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result + "\""
    }
}
