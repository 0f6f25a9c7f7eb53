import CLinux
import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

/// What the machine lacks for these tests; nil when they can run.
let obstacle: String? = {
    guard geteuid() == 0 else { return "mounting needs root" }
    guard Glibc.access("/dev/fuse", R_OK | W_OK) == 0 else { return "there is no /dev/fuse" }
    return nil
}()

extension Trait where Self == ConditionTrait {
    /// Skips where nothing can be mounted, and says why.
    static var needsFUSE: Self { .enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")) }
}

/// The tests that mount. One after the other: some count the descriptors and threads of the process.
@Suite("On a mount", .serialized, .needsFUSE, .timeLimit(.minutes(2)))
enum MountTests {}

/// A fresh directory that is removed when its owner goes.
struct TemporaryDirectory: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/lxcfs-fuse-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // Whatever a failed test has left there.
        while umount2(path, CInt(MNT_DETACH)) == 0 {}
        rmdir(path)
    }
}

/// A toy file system, mounted and served until its owner goes.
///
/// After 60 seconds the connection is aborted, so that a defect fails a test and does not hang it.
struct MountedToy: ~Copyable {
    let fileSystem: ToyFileSystem
    let connection: Connection
    let session: Session
    let events: Events
    let directory: TemporaryDirectory
    private let guardian: Guardian

    final class Events: Sendable {
        private let list = Mutex<[SessionEvent]>([])
        var all: [SessionEvent] { list.withLock { $0 } }
        func append(_ event: SessionEvent) { list.withLock { $0.append(event) } }
    }

    init(_ fileSystem: ToyFileSystem = ToyFileSystem(), threads: Int = 4, options: MountOptions = MountOptions()) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let connection = try Connection(mountingAt: path, options: options)
        let events = Events()
        let session = try Session(connection, fileSystem: fileSystem, slots: RequestSlots(count: threads)) { events.append($0) }
        let guardian = try Guardian(path, seconds: 60)
        try session.start()
        self.guardian = guardian
        self.fileSystem = fileSystem
        self.connection = connection
        self.session = session
        self.events = events
        self.directory = directory
    }

    deinit {
        fileSystem.gate.open()
        session.stop()
        _ = try? connection.unmount()
        guardian.end()
    }

    func path(_ file: ToyFileSystem.File) -> String { directory.path + "/" + file.name }

    /// open(2).
    func open(_ file: ToyFileSystem.File, _ flags: CInt = O_RDONLY) throws(Errno) -> OwnedFileDescriptor {
        try OwnedFileDescriptor.open(path(file), flags)
    }
}

/// The error that a system call leaves, nil for success.
func failure(_ call: () -> CInt) -> Errno? {
    call() < 0 ? Errno(rawValue: errno) : nil
}

/// Reads up to `count` bytes with one read(2), or pread(2) where an offset is given.
func read(_ file: borrowing OwnedFileDescriptor, _ count: Int, at offset: Int? = nil) throws(Errno) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    let got = offset.map { pread(file.rawValue, &buffer, count, off_t($0)) } ?? Glibc.read(file.rawValue, &buffer, count)
    guard got >= 0 else { throw Errno(rawValue: errno) }
    return Array(buffer.prefix(got))
}

/// Reads to the end with read(2) of `step` bytes.
func readAll(_ file: borrowing OwnedFileDescriptor, step: Int) throws(Errno) -> [UInt8] {
    var all: [UInt8] = []
    while true {
        let part = try read(file, step)
        if part.isEmpty { return all }
        all += part
    }
}

/// pipe(2), close-on-exec.
struct Pipe: ~Copyable {
    let output: OwnedFileDescriptor
    let input: OwnedFileDescriptor

    init() throws(Errno) {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = OwnedFileDescriptor(adopting: ends[0])
        input = OwnedFileDescriptor(adopting: ends[1])
    }

    /// Closes the other end.
    consuming func takeOutput() -> OwnedFileDescriptor { output }
    /// Closes the other end.
    consuming func takeInput() -> OwnedFileDescriptor { input }
}

/// The path of a program, nil where it is not installed.
func program(_ name: String) -> String? {
    ["/bin/", "/usr/bin/"].map { $0 + name }.first { Glibc.access($0, X_OK) == 0 }
}

/// A program that runs beside the test, with its standard output in a pipe.
struct Child: ~Copyable {
    let pid: pid_t
    private let output: OwnedFileDescriptor

    init(_ words: [String]) throws {
        let ends = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.input.rawValue, 1)
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, words[0], &actions, nil, &arguments, nil)
        guard error == 0 else { throw Errno(rawValue: error) }
        self.pid = pid
        output = ends.takeOutput()
    }

    /// Its whole output and wait status. A child that runs for more than 20 seconds is killed.
    consuming func finish() throws(Errno) -> (output: String, status: CInt) {
        var bytes: [UInt8] = []
        var waiting = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, 20_000) > 0 {
            let part = try read(output, 65536)
            if part.isEmpty { break }
            bytes += part
        }
        return (String(decoding: bytes, as: UTF8.self), wait())
    }

    /// Its wait status.
    consuming func wait() -> CInt {
        var status: CInt = 0
        let pid = pid
        let ended = eventually { waitpid(pid, &status, WNOHANG) == pid }
        if !ended {
            kill(pid, SIGKILL)
            waitpid(pid, &status, 0)
        }
        return status
    }
}
