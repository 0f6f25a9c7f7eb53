internal import CLinux
internal import Glibc

/// How a command ended.
package enum CommandEnd: Equatable, Sendable {
    /// It exited with this status.
    case exited(Int32)
    /// It died of this signal.
    case signalled(Int32)
    /// It was killed because its time was over.
    case timedOut
}

/// What a command wrote, and how it ended.
package struct CommandResult: Sendable, CustomStringConvertible {
    package let end: CommandEnd
    package let output: String
    package let errors: String

    /// Whether it exited with status 0.
    package var succeeded: Bool { end == .exited(0) }

    package var description: String { "\(end), output: \(output.prefix(2000)), errors: \(errors.prefix(2000))" }
}

/// A program that was started in a process group of its own, so that it ends with everything that it started.
///
/// Its output goes to files without a name: no pipe that fills up, and none that a grandchild keeps open.
package final class Command {
    /// The process; also the number of its group.
    package let pid: Int32
    private let output: CInt
    private let errors: CInt
    private let input: CInt
    private var ended: CommandEnd?

    /// Starts a program. `environment` is all it gets, beside PATH, HOME and LC_ALL.
    /// - Parameter holdsInput: standard input is a pipe that is open as long as this object lives, else /dev/null.
    package init(_ arguments: [String], environment: [String] = [], holdsInput: Bool = false) throws(BenchError) {
        output = try Command.namelessFile()
        errors = try Command.namelessFile()
        var ends: [CInt] = [-1, -1]
        if holdsInput {
            guard pipe(&ends) == 0 else { throw BenchError("pipe: \(Machine.lastError())") }
            _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
            _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        }
        input = ends[1]
        let base = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"]
        pid = try Command.spawn(arguments, environment: base + environment, input: ends[0], output: output, errors: errors)
        if ends[0] >= 0 { close(ends[0]) }
    }

    deinit {
        if ended == nil { _ = kill() }
        for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
    }

    /// Runs a program to its end.
    /// - Parameter seconds: after this time it is killed; lengthened where the machine is slow.
    package static func run(_ arguments: [String], environment: [String] = [], seconds: Double = 30) throws(BenchError) -> CommandResult {
        let command = try Command(arguments, environment: environment)
        let end = command.wait(seconds: seconds)
        return CommandResult(end: end, output: command.outputSoFar, errors: command.errorsSoFar)
    }

    /// Waits for the end; kills the whole group when the time is over.
    package func wait(seconds: Double = 30) -> CommandEnd {
        if let ended { return ended }
        let descriptor = clinux_pidfd_open(pid)
        defer { if descriptor >= 0 { close(descriptor) } }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let end = Machine.now + seconds * Machine.patience
        while descriptor >= 0 {
            let left = end - Machine.now
            if left <= 0 {
                _ = kill()
                ended = .timedOut
                return .timedOut
            }
            if poll(&waiting, 1, CInt(min(left, 3600) * 1000) + 1) > 0 { break }
        }
        return reap()
    }

    /// Whether it still runs.
    package var isRunning: Bool {
        guard ended == nil else { return false }
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
    }

    /// Sends a signal to the process alone.
    package func signal(_ number: Int32) {
        if ended == nil { _ = Glibc.kill(pid, number) }
    }

    /// Writes to its standard input, where that is held.
    package func send(_ text: String) {
        let bytes = Array(text.utf8)
        if input >= 0 { _ = write(input, bytes, bytes.count) }
    }

    /// Ends the whole group at once.
    @discardableResult
    package func kill() -> CommandEnd {
        if let ended { return ended }
        _ = Glibc.kill(-pid, SIGKILL)
        return reap()
    }

    /// What it wrote to standard output until now.
    package var outputSoFar: String { Command.text(of: output) }

    /// What it wrote to standard error until now.
    package var errorsSoFar: String { Command.text(of: errors) }

    private func reap() -> CommandEnd {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let end: CommandEnd = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
        // What it left behind in its group.
        _ = Glibc.kill(-pid, SIGKILL)
        ended = end
        return end
    }

    private static func spawn(
        _ arguments: [String], environment: [String], input: CInt, output: CInt, errors: CInt
    ) throws(BenchError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        guard let program = arguments.first else { throw BenchError("no command") }
        let path = program.hasPrefix("/") ? program : Machine.program(program) ?? program
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
        guard error == 0 else { throw BenchError("cannot start \(path): \(String(cString: strerror(error)))") }
        return pid
    }

    private static func namelessFile() throws(BenchError) -> CInt {
        var template = Array("/tmp/lxcfs-test-output-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw BenchError("cannot make a file in /tmp: \(Machine.lastError())") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return descriptor
    }

    private static func text(of descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
