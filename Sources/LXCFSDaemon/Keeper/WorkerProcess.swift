internal import LinuxSystem
internal import ProcText

/// A worker as the keeper sees it.
final class WorkerProcess {
    /// What it is there for now.
    enum Role {
        /// It was told to serve and does not yet.
        case starting
        /// It gets ready to replace the one that serves.
        case candidate
        case serving
        /// It was told to leave what it does to a candidate.
        case draining
        /// Nothing any more: it is to end.
        case retired
    }

    let process: ChildProcess
    let link: WorkerLink
    let generation: UInt64
    /// Whether it was started from the file on disk, and not from the keeper's own image.
    let isFromDisk: Bool
    /// What it is there for, and since when, in nanoseconds of CLOCK_MONOTONIC.
    private(set) var role: Role
    private(set) var since = Clock.monotonic
    /// What it said of its failure, or what was found wrong with it.
    var complaint: String?
    /// When it was sent SIGKILL, and what its successor shall take that for.
    private(set) var killedAt: UInt64?
    private(set) var killedFor: StateMemory.LastEnd?
    /// When it closed its end of the link, as every process that ends does.
    private(set) var disconnectedAt: UInt64?

    init(_ process: ChildProcess, _ link: WorkerLink, generation: UInt64, role: Role, isFromDisk: Bool) {
        self.process = process
        self.link = link
        self.generation = generation
        self.role = role
        self.isFromDisk = isFromDisk
    }

    var pid: Int32 { process.pid }

    /// Gives it another task.
    func become(_ role: Role) {
        self.role = role
        since = Clock.monotonic
    }

    /// Its turn, noted first for the case that this keeper dies in between. It goes on with the clients of whoever served before.
    func tellToServe(noting state: StateMemory, _ control: ControlSocket) {
        state[.successorPID] = UInt64(pid)
        control.giveClients(to: link)
        link.send(.serve(generation: generation))
    }

    /// How long it has had its task, in nanoseconds.
    func age(_ now: UInt64) -> UInt64 { now.saturatingSubtract(since) }

    func disconnected() {
        disconnectedAt = disconnectedAt ?? Clock.monotonic
    }

    /// SIGKILL, once.
    func kill(as end: StateMemory.LastEnd, _ complaint: String) {
        guard killedAt == nil else { return }
        killedAt = Clock.monotonic
        killedFor = end
        self.complaint = complaint
        process.signal(ChildProcess.killSignal)
    }

    /// What its successor shall take its end for.
    func lastEnd(_ end: ProcessEnd) -> StateMemory.LastEnd {
        if let killedFor { return killedFor }
        return end == .signalled(ChildProcess.killSignal) ? .killed : .crashed
    }

    /// Why it ended, for people.
    func reason(_ end: ProcessEnd) -> String {
        complaint ?? end.description
    }
}
