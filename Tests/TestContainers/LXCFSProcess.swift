internal import Glibc
internal import Synchronization

/// A running daemon under test: the program that LXCFS_BINARY names, else `lxcfs` beside the test bundle; options of LXCFS_OPTIONS are added.
package final class LXCFSProcess {
    /// Where it serves.
    package let mountPoint: String
    /// Its pid file.
    package let pidFile: String
    /// Its control socket.
    package var controlSocket: String { folder.path + "/lxcfs/control.sock" }
    /// The process.
    package let command: Command
    private let folder: TemporaryFolder

    /// The program.
    package static let binary: String = Machine.environment("LXCFS_BINARY") ?? built("lxcfs")

    /// A program of this package that was built with the tests.
    package static func built(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count - 1))
        let bundle = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Where `swift test` runs the bundle through a tool of the compiler, the build folder is the current one's.
        let beside = bundle.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/" + name
        return access(beside, X_OK) == 0 ? beside : ".build/debug/" + name
    }

    /// Where the program lies, and those that belong to it.
    package static var buildFolder: String { String(binary.dropLast(binary.split(separator: "/").last?.count ?? 0)) }

    /// The program as it is shipped, where it was built: optimised, with the Swift library inside.
    package static let release: String? = {
        let path = Machine.environment("LXCFS_RELEASE_BINARY") ?? ".build/release/lxcfs"
        return access(path, X_OK) == 0 ? path : nil
    }()

    /// Whether the program is there.
    package static var isBuilt: Bool { access(binary, X_OK) == 0 }

    /// What every daemon of the tests is started with.
    package static var options: [String] {
        (Machine.environment("LXCFS_OPTIONS") ?? "").split(separator: " ").map(String.init)
    }

    /// Starts the daemon and waits until it has mounted.
    package init(
        _ options: [String] = [], in folder: TemporaryFolder? = nil, binary: String = LXCFSProcess.binary, environment: [String] = []
    ) throws(BenchError) {
        let place: TemporaryFolder
        if let folder { place = folder } else { place = try TemporaryFolder() }
        self.folder = place
        mountPoint = place.path + "/mnt"
        pidFile = place.path + "/lxcfs.pid"
        mkdir(mountPoint, 0o755)
        let running = try Command(
            [binary, "--runtime-dir", place.path] + LXCFSProcess.options + options + [mountPoint], environment: environment)
        command = running
        let mounted = mountPoint
        guard Machine.wait(15, until: { LXCFSProcess.isServing(mounted) || !running.isRunning }), running.isRunning else {
            running.kill()
            throw BenchError("\(binary) did not mount \(mountPoint): \(running.errorsSoFar)")
        }
    }

    deinit {
        stop()
    }

    /// Ends it as an operator does, and by force if that does not help.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM) -> CommandEnd {
        command.signal(signal)
        let end = command.wait(seconds: 15)
        umount2(mountPoint, Int32(MNT_DETACH))
        return end
    }

    /// Whether a file system of lxcfs is mounted there and answers.
    package static func isServing(_ mountPoint: String) -> Bool {
        isMounted(mountPoint) && access(mountPoint + "/proc/meminfo", R_OK) == 0
    }

    /// Whether a file system of lxcfs is mounted there, dead or alive.
    package static func isMounted(_ mountPoint: String) -> Bool {
        (Machine.read("/proc/self/mountinfo") ?? "").split(separator: "\n").contains {
            $0.contains(" \(mountPoint) ") && $0.contains(" - fuse.lxcfs ")
        }
    }
}

/// A folder below /tmp that goes with its owner.
package final class TemporaryFolder {
    /// Its path; no trailing slash.
    package let path: String
    private static let counter = Atomic<Int>(0)

    package init() throws(BenchError) {
        let number = TemporaryFolder.counter.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/lxcfs-test-\(getpid())-\(number)"
        guard mkdir(path, 0o755) == 0 else { throw BenchError("cannot make \(path): \(Machine.lastError())") }
    }

    deinit {
        TemporaryFolder.remove(path)
    }

    /// Removes the folders of test runs that are dead by now, and what they left mounted and running there.
    package static func removeLeftovers() {
        for name in Machine.names(in: "/tmp") where name.hasPrefix("lxcfs-test-") {
            let parts = name.split(separator: "-")
            guard parts.count == 4, let owner = pid_t(parts[2]), kill(owner, 0) != 0, errno == ESRCH else { continue }
            let folder = "/tmp/" + name
            if let pid = Machine.read(folder + "/lxcfs.pid").flatMap({ pid_t($0.filter(\.isNumber)) }),
                Machine.read("/proc/\(pid)/cmdline")?.contains(folder) == true
            {
                kill(pid, SIGKILL)
            }
            remove(folder)
        }
    }

    private static func remove(_ path: String) {
        while umount2(path + "/mnt", Int32(MNT_DETACH)) == 0 {}
        _ = try? Command.run(["rm", "-rf", "--one-file-system", path])
    }
}
