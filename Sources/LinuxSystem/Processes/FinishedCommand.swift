internal import Glibc
package import SystemPackage

/// A program that was run to its end, or to the end of the caller's patience.
package struct FinishedCommand: Sendable, Equatable {
    /// How it ended; `nil` where the time was over first. It was killed then, but hardly waited for: what the kernel does not let go (a read of a
    /// file system that hangs) holds only itself up.
    package let end: ProcessEnd?
    /// What it wrote to standard output and standard error, at most a MiB.
    package let output: String

    package init(end: ProcessEnd?, output: String) {
        self.end = end
        self.output = output
    }

    /// Whether it exited with status 0.
    package var succeeded: Bool { end == .exited(0) }

    private static let longestOutput = 1 << 20
    /// In nanoseconds.
    private static let mostForAKill: UInt64 = 200_000_000

    /// Runs a program with nothing on standard input, in a process group of its own.
    /// - Parameters:
    ///   - program: its path.
    ///   - arguments: without its name.
    ///   - environment: all of it, `NAME=VALUE`.
    ///   - timeout: in nanoseconds.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String], timeout: UInt64
    ) throws(Errno) -> FinishedCommand {
        let deadline = Clock.monotonic.addingReportingOverflow(timeout)
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        let reading = OwnedFileDescriptor(adopting: ends[0])
        reading.closeOnExec()
        _ = fcntl(reading.rawValue, F_SETFL, O_NONBLOCK)
        let pid = try spawn(program, [program] + arguments, environment, writing: OwnedFileDescriptor(adopting: ends[1]))
        let child = try ChildProcess(child: pid)
        return collect(child, reading, deadline: deadline.overflow ? .max : deadline.partialValue)
    }

    private static func collect(_ child: ChildProcess, _ pipe: borrowing OwnedFileDescriptor, deadline: UInt64) -> FinishedCommand {
        var output: [UInt8] = []
        while true {
            // Looked at before the pipe: what it wrote before it ended is there then.
            let end = child.takeEnd()
            let isOpen = drain(pipe, into: &output)
            if let end { return FinishedCommand(end: end, output: String(decoding: output, as: UTF8.self)) }
            let now = Clock.monotonic
            guard now < deadline, output.count < longestOutput else { break }
            var waiting = PollSet()
            waiting.add(child.exitDescriptor)
            if isOpen { waiting.add(pipe.rawValue) }
            waiting.wait(nanoseconds: deadline - now)
        }
        kill(-child.pid, SIGKILL)
        // Who ends at once, as nearly all do, leaves no zombie.
        var ending = PollSet()
        ending.add(child.exitDescriptor)
        ending.wait(nanoseconds: mostForAKill)
        _ = child.takeEnd()
        return FinishedCommand(end: nil, output: String(decoding: output, as: UTF8.self))
    }

    /// - Returns: whether more may come.
    private static func drain(_ pipe: borrowing OwnedFileDescriptor, into output: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while output.count < longestOutput {
            let count = read(pipe.rawValue, &buffer, buffer.count)
            if count > 0 {
                output.append(contentsOf: buffer[..<count])
            } else if count == 0 {
                return false
            } else if errno != EINTR {
                return errno == EAGAIN
            }
        }
        return true
    }

    /// - Parameter writing: closed here when the program has its own copies, so that the end of the pipe is seen.
    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String], writing: consuming OwnedFileDescriptor
    ) throws(Errno) -> Int32 {
        writing.closeOnExec()
        let output = writing.rawValue
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // What this process blocks or ignores is its own affair.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid = pid_t()
        let error = ChildProcess.withCStrings(arguments) { arguments in
            ChildProcess.withCStrings(environment) { environment in
                posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard error == 0 else { throw Errno(rawValue: error) }
        return pid
    }
}
