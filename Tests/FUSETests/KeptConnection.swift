import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

/// A mount and the memory of its request slots, kept as a keeper keeps them: whoever serves comes and goes.
///
/// After 60 seconds the connection is aborted, so that a defect fails a test and does not hang it.
struct KeptConnection: ~Copyable {
    let directory: TemporaryDirectory
    let connection: Connection
    let memory: SharedMemory
    let events = MountedToy.Events()
    private let guardian: Guardian

    init(slots: Int = 4) throws {
        let directory = try TemporaryDirectory()
        let connection = try Connection(mountingAt: directory.path)
        let memory = try SharedMemory(name: "slots", count: RequestSlots.byteCount(slots: slots))
        let guardian = try Guardian(directory.path, seconds: 60)
        self.directory = directory
        self.connection = connection
        self.memory = memory
        self.guardian = guardian
    }

    deinit {
        _ = try? connection.unmount()
        guardian.end()
    }

    var region: SharedRegion { memory.region(0..<memory.count) }
    var watch: RequestWatch { RequestWatch(region) }

    func path(_ file: ToyFileSystem.File) -> String { directory.path + "/" + file.name }

    /// A session in this process, which does not serve yet.
    func session(_ fileSystem: ToyFileSystem, slots: RequestSlots? = nil) throws -> Session {
        try Session(connection, fileSystem: fileSystem, slots: slots ?? RequestSlots(in: region)) { [events] in events.append($0) }
    }

    /// A worker in a process of its own.
    func worker(after end: String, gate: String = "closed") throws -> WorkerProcess {
        try WorkerProcess(connection, memory, end, gate)
    }

    /// How many requests are in the slots.
    var unanswered: Int { (0..<watch.count).filter { watch.unanswered($0) != nil }.count }

    /// Aborts the connection: whoever waits gets an error.
    func abort() { umount2(directory.path, CInt(MNT_FORCE)) }
}

/// Aborts a connection when its owner does not come to an end.
final class Guardian: Sendable {
    private let isDone = Atomic(false)
    private let thread = Mutex<JoinableThread?>(nil)

    init(_ path: String, seconds: Int) throws {
        let started = try JoinableThread(name: "guardian", stackSize: 65536) { [self] in
            for _ in 0..<(seconds * 100) {
                if isDone.load(ordering: .relaxed) { return }
                usleep(10_000)
            }
            Issue.record("a request was not answered in \(seconds) seconds; the connection is aborted")
            umount2(path, CInt(MNT_FORCE))
        }
        thread.withLock { $0 = started }
    }

    func end() {
        isDone.store(true, ordering: .relaxed)
        thread.withLock { $0 }?.join()
    }
}

/// `toy-worker`, which is built beside the tests.
final class WorkerProcess: Sendable {
    let pid: pid_t
    private let input: Mutex<OwnedFileDescriptor?>
    private let output: OwnedFileDescriptor
    private let status = Mutex<CInt?>(nil)

    private static let program: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        let own = String(decoding: buffer.prefix(count), as: UTF8.self)
        // Under `swift test` the running program is one of the toolchain, and the current directory that of the package.
        let beside = own.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/toy-worker"
        return Glibc.access(beside, X_OK) == 0 ? beside : ".build/debug/toy-worker"
    }()

    init(_ connection: Connection, _ memory: SharedMemory, _ end: String, _ gate: String) throws {
        let toWorker = try Pipe()
        let fromWorker = try Pipe()
        // Above those that they become.
        let device = OwnedFileDescriptor(adopting: fcntl(connection.descriptor, F_DUPFD_CLOEXEC, 100))
        let slots = OwnedFileDescriptor(adopting: fcntl(memory.descriptor, F_DUPFD_CLOEXEC, 100))
        let stdin = OwnedFileDescriptor(adopting: fcntl(toWorker.output.rawValue, F_DUPFD_CLOEXEC, 100))
        let stdout = OwnedFileDescriptor(adopting: fcntl(fromWorker.input.rawValue, F_DUPFD_CLOEXEC, 100))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, source) in [stdin.rawValue, stdout.rawValue, 2, device.rawValue, slots.rawValue].enumerated() where number != source {
            posix_spawn_file_actions_adddup2(&actions, source, CInt(number))
        }
        let digits = connection.initRequest.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        var arguments = [WorkerProcess.program, "2", end, gate, digits].map { (word: String) in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var environment = [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        defer { free(environment[0]) }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, WorkerProcess.program, &actions, nil, &arguments, &environment)
        guard error == 0 else { throw Errno(rawValue: error) }
        self.pid = pid
        input = Mutex(toWorker.takeInput())
        output = fromWorker.takeOutput()
    }

    deinit {
        if status.withLock({ $0 == nil }) { _ = kill9() }
    }

    /// Everything it says until a line with `word` in it comes, or it ends.
    func said(until word: String) throws -> String {
        var text = ""
        var waiting = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
        while !text.contains(word), poll(&waiting, 1, 20_000) > 0 {
            let part = try read(output, 4096)
            if part.isEmpty { break }
            text += String(decoding: part, as: UTF8.self)
        }
        return text
    }

    /// Waits until its threads serve.
    func awaitServing() throws -> String { try said(until: "serving") }

    /// SIGKILL, and its wait status.
    @discardableResult func kill9() -> CInt {
        kill(pid, SIGKILL)
        return ended()
    }

    /// Lets it stop by itself, and its wait status.
    func drained() -> CInt {
        input.withLock { $0 = nil }
        return ended()
    }

    /// Its wait status when it has ended by itself.
    func ended() -> CInt {
        status.withLock { known in
            if let known { return known }
            var status: CInt = 0
            if !eventually({ waitpid(pid, &status, WNOHANG) == pid }) {
                Issue.record("a worker did not end")
                kill(pid, SIGKILL)
                waitpid(pid, &status, 0)
            }
            known = status
            return status
        }
    }
}

/// One open(2) and read(2) in a thread of its own.
final class Reader: Sendable {
    private let result = Mutex<Result<[UInt8], Errno>?>(nil)
    private let thread = Mutex<JoinableThread?>(nil)

    init(_ path: String, count: Int = 100) throws {
        let started = try JoinableThread(name: "reader", stackSize: 262_144) { [self] in
            let outcome: Result<[UInt8], Errno>
            do throws(Errno) {
                outcome = .success(try read(try OwnedFileDescriptor.open(path, O_RDONLY), count))
            } catch {
                outcome = .failure(error)
            }
            result.withLock { $0 = outcome }
        }
        thread.withLock { $0 = started }
    }

    /// Whether it has its answer.
    var isDone: Bool { result.withLock { $0 != nil } }

    /// What it was given.
    func answer() throws -> [UInt8] {
        thread.withLock { $0 }?.join()
        return try result.withLock { try #require($0) }.get()
    }
}
