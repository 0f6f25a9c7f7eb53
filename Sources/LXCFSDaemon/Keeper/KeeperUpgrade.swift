internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import SystemPackage

/// How the keeper becomes the new program after a reload: execve(2), with the same pid and its descriptors. First the new program must have served as
/// a worker for a while, and must show in a process of its own that it understands what it would be given.
///
/// It is that worker's image that is executed: what lies on the disk may be another program again.
struct KeeperUpgrade {
    /// The names of the descriptors in the service manager's store.
    static let connectionName = "lxcfs-fuse"
    static let stateName = "lxcfs-state"
    /// The program that this process executes, whatever lies on the disk by now.
    static let ownImage = "/proc/self/exe"
    private static let variable = "LXCFS_KEEPER"
    private static let checkValue = "check"

    /// What a keeper leaves to the program that it becomes, as descriptors and pids.
    struct Legacy: Equatable {
        var connection: CInt
        var state: CInt
        var pidFile: CInt
        var link: CInt
        var workerPID: Int32
        /// Whether the worker runs the file on disk.
        var isFromDisk: Bool

        /// The worker that it leaves; `nil` where it is gone by now.
        func worker(of state: StateMemory) -> WorkerProcess? {
            let link = WorkerLink(socket: MessageSocket(adopting: OwnedFileDescriptor(adopting: link)))
            _ = fcntl(link.socket.descriptor, F_SETFD, FD_CLOEXEC)
            guard let process = try? ChildProcess(child: workerPID) else { return nil }
            link.send(.registerAgain)
            return WorkerProcess(process, link, generation: state[.owner], role: .serving, isFromDisk: isFromDisk)
        }

        var text: String { "\(connection),\(state),\(pidFile),\(link),\(workerPID),\(isFromDisk ? 1 : 0)" }

        init(connection: CInt, state: CInt, pidFile: CInt, link: CInt, workerPID: Int32, isFromDisk: Bool) {
            self.connection = connection
            self.state = state
            self.pidFile = pidFile
            self.link = link
            self.workerPID = workerPID
            self.isFromDisk = isFromDisk
        }

        init?(_ text: String) {
            let numbers = text.split(separator: ",").compactMap { Int32($0) }
            guard numbers.count == 6, numbers.prefix(4).allSatisfy({ $0 > 2 }) else { return nil }
            self.init(
                connection: numbers[0], state: numbers[1], pidFile: numbers[2], link: numbers[3], workerPID: numbers[4],
                isFromDisk: numbers[5] != 0)
        }
    }

    /// What this process was left, where it is a keeper that goes on as another program.
    static var legacy: Legacy? {
        defer { unsetenv(variable) }
        return ProcessEnvironment.value(of: variable).flatMap { Legacy($0) }
    }

    /// Whether this process only has to show that it understands the state, descriptor 4.
    static var isCheck: Bool { ProcessEnvironment.value(of: variable) == checkValue }

    private let pidFile: CInt
    private let ownIdentity: FileStatus?
    private var scheduledAt: UInt64?
    /// The worker that runs the new program.
    private var workerPID: Int32 = 0
    private var check: ChildProcess?
    private var checkSince: UInt64 = 0
    /// Whether nothing has been asked for since the trial began that makes it one of the wrong program.
    private var isCheckValid = false
    /// Whether the new program has passed its trial, and nothing has happened since that speaks against it.
    private var isProven = false

    /// - Parameter pidFile: the descriptor that holds the lock of the pid file.
    init(pidFile: CInt) {
        self.pidFile = pidFile
        ownIdentity = try? FileStatus(following: KeeperUpgrade.ownImage)
    }

    /// When `begin` has something to do, in nanoseconds of CLOCK_MONOTONIC.
    var nextDeadline: UInt64? { check == nil ? scheduledAt : nil }

    /// Makes the trial due, if the worker's program is another than this one.
    mutating func schedule(at time: UInt64, as worker: Int32) {
        workerPID = worker
        // A procfs of another pid namespace has other processes by these numbers.
        guard let ownIdentity, let here = try? FileStatus(following: "/proc/\(ProcessIdentity.pid)/exe"), here.isSameFile(as: ownIdentity),
            let new = try? FileStatus(following: program), !new.isSameFile(as: ownIdentity)
        else { return }
        scheduledAt = time
    }

    /// Good until its end has been taken: then the pid may be another's.
    private var program: String { "/proc/\(workerPID)/exe" }

    /// Whether this is the worker that runs the new program.
    func concerns(_ worker: WorkerProcess) -> Bool { worker.pid == workerPID }

    mutating func cancel() {
        scheduledAt = nil
        isProven = false
        isCheckValid = false
        check?.signal(ChildProcess.killSignal)
    }

    func add(to poll: inout PollSet) {
        if let descriptor = check?.exitDescriptor { poll.add(descriptor) }
    }

    /// Starts the new program's trial when its time has come.
    mutating func begin(_ keeper: Keeper, _ now: UInt64) {
        if check != nil, now.saturatingSubtract(checkSince) > keeper.settings.startTimeout { check?.signal(ChildProcess.killSignal) }
        // A trial that was cancelled ends first.
        guard check == nil, let time = scheduledAt, time <= now else { return }
        scheduledAt = nil
        isCheckValid = true
        check = try? ChildProcess(
            program: program, arguments: keeper.settings.arguments,
            environment: ServiceManager.childEnvironment + ["\(KeeperUpgrade.variable)=\(KeeperUpgrade.checkValue)"],
            descriptors: [keeper.connection.descriptor, keeper.state.memory.descriptor], blockedSignals: Worker.signals)
        checkSince = now
    }

    /// Takes the end of the trial; at once, for `poll` returns until somebody does.
    mutating func takeEnd(_ logger: Logger) {
        guard let end = check?.takeEnd() else { return }
        check = nil
        isProven = end == .exited(0) && isCheckValid
        if end != .exited(0), end != .signalled(ChildProcess.killSignal) {
            logger.error("the keeper stays as it is: the new program, asked whether it understands the state, \(end)")
        }
    }

    /// Whether the new program has passed its trial; the first time it is asked.
    mutating func isDue() -> Bool {
        defer { isProven = false }
        return isProven
    }

    /// Becomes the new program. Returns only where that fails.
    func execute(_ keeper: Keeper, _ worker: WorkerProcess) {
        let legacy = Legacy(
            connection: keeper.connection.descriptor, state: keeper.state.memory.descriptor, pidFile: pidFile,
            link: worker.link.socket.descriptor, workerPID: worker.pid, isFromDisk: worker.isFromDisk)
        let descriptors = [legacy.connection, legacy.state, legacy.pidFile, legacy.link]
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, 0) }
        keeper.logger.notice("the keeper becomes what worker \(worker.pid) is")
        setenv(KeeperUpgrade.variable, legacy.text, 1)
        keeper.control.prepareForExecution()
        let error = ChildProcess.replaceThisProcess(program: program, arguments: keeper.settings.arguments)
        unsetenv(KeeperUpgrade.variable)
        keeper.control.recover()
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        keeper.logger.error("the keeper stays as it is: the new program cannot be executed (\(error))")
    }
}
