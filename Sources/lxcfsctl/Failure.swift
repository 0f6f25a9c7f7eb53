internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// What the program ends with. They stand in `lxcfsctl --help` too.
enum ExitStatus: Int32 {
    case done = 0
    /// The daemon is degraded, or answered with an error; or a part of what was asked for failed.
    case failed = 1
    /// As systemctl(1) has it.
    case notRunning = 3
    case notPermitted = 4
    /// No answer in time, or none that is understood.
    case noAnswer = 5
    /// As sysexits.h and ArgumentParser have it.
    case usage = 64
}

/// Why the program ends early: one sentence for the person at the terminal, on standard error.
struct Failure: Error {
    let status: ExitStatus
    /// What is wrong and what to do; no full stop.
    let sentence: String

    init(_ sentence: String, status: ExitStatus = .failed) {
        self.status = status
        self.sentence = sentence
    }

    /// A call that came to nothing.
    init(_ error: ClientError, socket: String, hasSystemd: Bool = ServiceCommands.hasSystemd) {
        let sentence = error.sentence(socket: socket)
        switch error {
        case .notRunning:
            let start = ServiceCommands(hasSystemd: hasSystemd, mountPoint: "/var/lib/lxcfs").start
            self.init(
                "\(sentence): start it (`\(start)`), or name the socket of the one that is running with --socket", status: .notRunning)
        case .notPermitted:
            self.init("\(sentence): use sudo, or become a member of the group of the socket", status: .notPermitted)
        case .timedOut:
            let log = hasSystemd ? "its log (`journalctl -u lxcfs`)" : "what it has written to standard error"
            self.init("\(sentence): look at \(log), and try again", status: .noAnswer)
        case .closed, .interrupted: self.init("\(sentence): see `lxcfsctl status`, and try again", status: .noAnswer)
        case .fault(let fault): self.init(fault)
        case .system(.fileNameTooLong): self.init(sentence, status: .usage)
        case .system: self.init(sentence, status: .noAnswer)
        }
    }

    /// What the daemon answered.
    init(_ fault: ControlFault) {
        let status: ExitStatus =
            fault.isNamed("NotPermitted")
            ? .notPermitted : fault.isNamed("BadMessage") || fault.isNamed("Interrupted") ? .noAnswer : .failed
        self.init(fault.reason, status: status)
    }
}
