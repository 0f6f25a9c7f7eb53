internal import Glibc

/// Which namespaces a container gets beside its mounts.
package enum ContainerNamespaces: Sendable {
    /// Its own pids and host name, as runtimes do by default.
    case own
    /// The same, and a cgroup namespace: it sees its own cgroup as `/`.
    case ownWithCgroups
    /// The host's pids: `--pid host`.
    case hostPIDs
    /// Its own pids and host name, and a user namespace, in which it is root.
    case ownWithUsers
    /// The same, but its root is the host's user `ContainerNamespaces.firstUser`, who owns nothing there.
    case ownWithMappedUsers

    /// The host's user and group that are 0 in a container with mapped users; it has 65536 of them.
    package static let firstUser: UInt32 = 100_000
}

/// A container without a runtime: a process with namespaces and cgroups of its own that sees every file of the daemon over the host's.
///
/// Its init sleeps; `run` starts commands beside it, as `docker exec` does.
package final class TestContainer {
    /// Its cgroup in every hierarchy.
    package let cgroup: TestCgroup
    /// The pid of its init, as the host sees it.
    package let pid: Int32
    private let holder: Command
    private let namespaces: ContainerNamespaces

    /// The script that makes a container's mounts: `$1` is the daemon's mount point.
    ///
    /// A file of ours goes where the kernel has one; whole folders below /sys.
    package static let mountScript = """
        for f in "$1"/proc/* "$1"/proc/pressure/*; do
            n=${f#"$1"}
            if [ -f "$f" ] && [ -e "$n" ]; then mount -o bind "$f" "$n" || exit 1; fi
        done
        for d in /sys/devices/system/cpu /sys/devices/system/node; do
            if [ -d "$1$d" ] && [ -d "$d" ]; then mount -o bind "$1$d" "$d" || exit 1; fi
        done
        """

    /// Starts a container.
    /// - Parameters:
    ///   - cgroup: where it runs; a new one with `limits` if `nil`.
    ///   - mountPoint: whose files it sees; the host's if `nil`.
    ///   - mountScript: what makes its mounts; `mountPoint` is its `$1`.
    package init(
        _ limits: Limits = Limits(), cgroup: TestCgroup? = nil, mountPoint: String?, namespaces: ContainerNamespaces = .own,
        script mountScript: String = TestContainer.mountScript
    ) throws(BenchError) {
        if let cgroup { self.cgroup = cgroup } else { self.cgroup = try TestCgroup(limits) }
        self.namespaces = namespaces
        let join = TestContainer.joinScript(self.cgroup)
        let inside = (mountPoint == nil ? "" : mountScript) + "\necho ready\nexec sleep 1000000"
        let unshare: String
        switch namespaces {
        case .own: unshare = "unshare --mount --uts --pid --fork --kill-child --mount-proc"
        case .ownWithCgroups: unshare = "unshare --mount --uts --cgroup --pid --fork --kill-child --mount-proc"
        case .hostPIDs: unshare = "unshare --mount --uts"
        case .ownWithUsers: unshare = "unshare --user --map-root-user --mount --uts --pid --fork --kill-child --mount-proc"
        case .ownWithMappedUsers:
            unshare = "unshare --user --keep-caps --mount --uts --pid --fork --kill-child --mount-proc sh -c \(TestContainer.becomeMapped)"
        }
        // The process that waits outside the pid namespace goes back to where the tests run: it is not a part of the container.
        let script = "\(join)\nexec \(unshare) sh -c \"$0\" sh \"$1\""
        let running = try Command(["sh", "-c", script, inside, mountPoint ?? ""])
        holder = running
        if namespaces == .ownWithMappedUsers { try TestContainer.mapUsers(of: running) }
        guard Machine.wait(20, until: { running.outputSoFar.hasPrefix("ready") || !running.isRunning }), running.isRunning else {
            running.kill()
            throw BenchError("the container did not start: \(running.errorsSoFar)")
        }
        if namespaces == .hostPIDs {
            pid = running.pid
        } else {
            let children = Machine.read("/proc/\(running.pid)/task/\(running.pid)/children") ?? ""
            guard let first = children.split(separator: " ").first, let child = pid_t(first) else {
                throw BenchError("the container has no init: \(children)")
            }
            pid = child
            TestContainer.leave(running.pid)
        }
    }

    deinit {
        stop()
    }

    /// Ends everything in it. The cgroup goes when nobody holds it any more.
    package func stop() {
        holder.kill()
    }

    /// Runs a command in the container to its end.
    /// - Parameter uid: the user and group it runs as.
    package func run(_ arguments: [String], uid: Int = 0, seconds: Double = 30) throws(BenchError) -> CommandResult {
        try Command.run(entering(arguments, uid: uid), seconds: seconds)
    }

    /// Starts a command in the container.
    package func start(_ arguments: [String], uid: Int = 0, holdsInput: Bool = false) throws(BenchError) -> Command {
        try Command(entering(arguments, uid: uid), holdsInput: holdsInput)
    }

    /// Runs a shell script in the container and gives its standard output.
    /// - Throws: where it does not succeed.
    package func shell(_ script: String, seconds: Double = 30) throws(BenchError) -> String {
        let result = try run(["sh", "-c", script], seconds: seconds)
        guard result.succeeded else { throw BenchError("\(script): \(result)") }
        return result.output
    }

    /// Runs a Python program in the container and gives its standard output.
    package func python(_ program: String, _ arguments: [String] = [], seconds: Double = 60) throws(BenchError) -> String {
        let result = try run(["/usr/bin/python3", "-c", program] + arguments, seconds: seconds)
        guard result.succeeded else { throw BenchError("python: \(result)") }
        return result.output
    }

    /// The text of a file as the container reads it, by read(2).
    package func read(_ path: String) throws(BenchError) -> String {
        // dd reads with read(2); cat and cp may use other calls.
        let result = try run(["dd", "if=" + path, "bs=64k", "status=none"])
        guard result.succeeded else { throw BenchError("\(path): \(result)") }
        return result.output
    }

    private func entering(_ arguments: [String], uid: Int) -> [String] {
        let user = uid == 0 ? [] : ["setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", "--"]
        let enter =
            switch namespaces {
            case .own: "nsenter -t \(pid) --mount --uts --pid --"
            case .ownWithCgroups: "nsenter -t \(pid) --mount --uts --cgroup --pid --"
            case .hostPIDs: "nsenter -t \(pid) --mount --uts --"
            case .ownWithUsers: "nsenter -t \(pid) --user --preserve-credentials --mount --uts --pid --"
            case .ownWithMappedUsers: "nsenter -t \(pid) --user --mount --uts --pid --"
            }
        return ["sh", "-c", "\(TestContainer.joinScript(cgroup))\nexec \(enter) \"$@\"", "sh"] + user + arguments
    }

    /// The shell joins every cgroup; 0 stands for itself.
    package static func joinScript(_ cgroup: TestCgroup) -> String {
        cgroup.processFiles.map { "echo 0 > \($0) || exit 1" }.joined(separator: "\n")
    }

    /// A shell's word: waits until the users are mapped, becomes root, and goes on with its arguments.
    private static let becomeMapped =
        "'while ! grep -q 65536 /proc/self/gid_map; do sleep 0.01; done; exec setpriv --reuid 0 --regid 0 --clear-groups -- \"$@\"' sh"

    /// Gives a process's user namespace its users.
    private static func mapUsers(of command: Command) throws(BenchError) {
        let own = Machine.inode("/proc/self/ns/user")
        let folder = "/proc/\(command.pid)"
        guard Machine.wait(20, until: { ![own, nil].contains(Machine.inode(folder + "/ns/user")) || !command.isRunning }) else {
            throw BenchError("the container has no user namespace: \(command.errorsSoFar)")
        }
        for map in ["/uid_map", "/gid_map"] { try Machine.write("0 \(ContainerNamespaces.firstUser) 65536", to: folder + map) }
    }

    /// Puts a process into the root cgroups.
    private static func leave(_ pid: pid_t) {
        for hierarchy in CgroupMounts.all { try? Machine.write("\(pid)", to: hierarchy.mountPoint + "/cgroup.procs") }
    }
}
