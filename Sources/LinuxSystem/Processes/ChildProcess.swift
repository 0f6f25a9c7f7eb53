internal import Glibc
package import SystemPackage

/// How a process ended.
package enum ProcessEnd: Sendable, Equatable, CustomStringConvertible {
    /// It called exit(3) with this status.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)

    package var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }
}

/// A child of this process, held by pidfd and reaped by `takeEnd`.
package final class ChildProcess: Sendable {
    /// Its pid, which is nobody else's until `takeEnd` has given its end.
    package let pid: Int32
    private let process: ProcessDescriptor

    /// SIGKILL, for those who do not import the C library.
    package static let killSignal = SIGKILL

    /// posix_spawn(3): starts a program, with every signal's disposition the default.
    /// - Parameters:
    ///   - arguments: the first is the name that it is given.
    ///   - environment: all of it, `NAME=VALUE`.
    ///   - descriptors: what it inherits beside the standard streams: from number 3 on, in this order.
    ///   - blockedSignals: what waits until the program is prepared for it; all other signals are let through.
    package convenience init(
        program: String, arguments: [String], environment: [String], descriptors: [CInt], blockedSignals: [CInt] = []
    ) throws(Errno) {
        try self.init(child: ChildProcess.spawn(program, arguments, environment, descriptors, blockedSignals))
    }

    /// Takes over a child that this process had before it executed another program.
    package init(child pid: Int32) throws(Errno) {
        process = try ProcessDescriptor(pid: pid)
        self.pid = pid
    }

    /// A descriptor that poll(2) shows as readable when the process has ended; it stays this value's to close.
    package var exitDescriptor: CInt { process.exitDescriptor }

    /// Sends a signal.
    package func signal(_ number: CInt) {
        process.signal(number)
    }

    /// How it ended; `nil` while it lives. Once only.
    package func takeEnd() -> ProcessEnd? {
        var status: CInt = 0
        let waited = waitpid(pid, &status, WNOHANG)
        if waited == 0 { return nil }
        // Reaped by someone else: there is nothing left to ask.
        if waited < 0 { return Errno(rawValue: errno) == .interrupted ? nil : .exited(-1) }
        return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signalled(status & 0x7f)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String], _ descriptors: [CInt], _ blockedSignals: [CInt]
    ) throws(Errno) -> Int32 {
        // Copies above all numbers that they are moved to: none is overwritten before it is moved itself.
        var copies: [CInt] = []
        defer { copies.forEach { close($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (index, source) in descriptors.enumerated() {
            let copy = fcntl(source, F_DUPFD_CLOEXEC, CInt(3 + descriptors.count))
            guard copy >= 0 else { throw Errno(rawValue: errno) }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, CInt(3 + index))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var blocked = sigset_t()
        sigemptyset(&blocked)
        for signal in blockedSignals { sigaddset(&blocked, signal) }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid = pid_t()
        let error = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard error == 0 else { throw Errno(rawValue: error) }
        return pid
    }

    /// execv(3): this process goes on as another program, with the same pid, environment, and every descriptor that is not close-on-exec.
    /// - Returns: only where it fails, with the reason.
    package static func replaceThisProcess(program: String, arguments: [String]) -> Errno {
        withCStrings(arguments) { arguments in
            _ = execv(program, arguments)
            return Errno(rawValue: errno)
        }
    }

    static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}
