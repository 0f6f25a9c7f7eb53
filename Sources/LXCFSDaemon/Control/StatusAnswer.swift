internal import Cgroups
internal import ContainerViews
internal import FUSE
internal import HostProc
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

// GetStatus. Everything in it is looked at when it is asked for, and asks nobody who could keep us waiting.

extension ControlService {
    func addStatus(to table: inout MethodTable) {
        table.add(GetStatus.self) { [self] _, _ in status() }
    }

    /// How the daemon is.
    func status() -> GetStatus.Reply {
        let mount = mountHealth
        let counters = parts.memory.counters
        let time = UnixTime()
        let problems = problems(mount)
        return GetStatus.Reply(
            health: problems.isEmpty ? .healthy : .degraded, problems: problems, version: Version.current, build: BuildDescription.current,
            program: program.state, generation: Int64(clamping: state[.owner]), startedAt: time.of(boottime: state[.startedAt]),
            reload: reloaded(time), crashes: Int64(clamping: state[.crashes]), mount: mount.mountPoint, virtualization: !state.showsHost,
            hierarchies: parts.layout.hierarchies.map {
                Hierarchy(version: $0.version == .v2 ? 2 : 1, mountPoint: $0.mountPoint, controllers: $0.controllers)
            },
            cgroupTree: CgroupTreeStatus(parts.cgroupTree), features: features.list, reads: Int64(clamping: counters[.reads]),
            errors: Int64(clamping: counters[.readErrors]),
            fallbacks: Int64(clamping: counters[.fallbacks]), replayed: Int64(clamping: counters[.replayedRequests]),
            refused: Int64(clamping: counters[.refusedRequests]), files: parts.statistics.histograms.map(FileStatistics.init),
            processes: processes, containers: Int64(parts.resolver.known.count),
            connections: Int64(server.withLock { $0?.connectionCount ?? 0 }))
    }

    /// How the mount is.
    var mountHealth: MountHealth {
        MountHealth(of: state.device, at: configuration.mountPoint, isConnected: connection.isAlive, parts.host)
    }

    /// How people start and stop this daemon.
    var commands: ServiceCommands {
        ServiceCommands(
            hasSystemd: ServiceCommands.hasSystemd, mountPoint: configuration.mountPoint,
            running: Int64(hasKeeper ? ProcessIdentity.parent : ProcessIdentity.pid))
    }

    private func reloaded(_ time: UnixTime) -> Reloaded {
        let outcome = StateMemory.ReloadOutcome(rawValue: state[.reloadOutcome]) ?? .none
        let at = time.of(boottime: state[.reloadedAt])
        let count = Int64(clamping: state[.reloads])
        let pause = count > 0 ? Int64(clamping: state[.reloadPause] / 1000) : nil
        return switch outcome {
        case .none: Reloaded(outcome: .none, count: count)
        case .succeeded: Reloaded(outcome: .succeeded, count: count, at: at, pauseMicroseconds: pause)
        case .failed: Reloaded(outcome: .failed, count: count, at: at, pauseMicroseconds: pause, reason: state.reloadReason)
        }
    }

    // MARK: - Processes

    /// Whether the keeper is there: it is the parent of every worker that it started.
    private var hasKeeper: Bool { UInt64(ProcessIdentity.parent) == state[.keeperPID] }

    private var processes: [Process] {
        let parent = ProcessIdentity.parent
        let keeper = hasKeeper ? process(.keeper, parent, at: "\(parent)") : nil
        return [keeper, process(.worker, ProcessIdentity.pid, at: "self")].compactMap { $0 }
    }

    /// - Parameter folder: of the process, below /proc.
    private func process(_ role: Process.Role, _ pid: Int32, at folder: String) -> Process? {
        let proc = parts.host.proc
        var text = InputText(capacity: 1024)
        guard (try? proc.read(folder + "/stat", into: &text)) != nil, let stat = ProcessStat(text),
            (try? proc.read(folder + "/statm", into: &text)) != nil
        else { return nil }
        // size, resident, shared, in pages.
        var scanner = text.scanner
        guard scanner.decimal() != nil, let resident = scanner.decimal(), let shared = scanner.decimal() else { return nil }
        // Linux 6.2 gives the number of open descriptors as the folder's size.
        var descriptors = (try? proc.status(folder + "/fd").size) ?? 0
        if descriptors == 0 { descriptors = Int64((try? proc.names(in: folder + "/fd").count) ?? 0) }
        func bytes(_ pages: UInt64) -> Int64 { Int64(clamping: pages.saturatingMultiply(PageSize.bytes)) }
        return Process(
            role: role, pid: Int64(pid), residentBytes: bytes(resident), privateBytes: bytes(resident.saturatingSubtract(shared)),
            threads: Int64(clamping: stat.threads), descriptors: descriptors)
    }

    // MARK: - Problems

    private func problems(_ mount: MountHealth) -> [Problem] {
        var found = [mount.problem(commands)].compactMap { $0 }
        func add(_ text: String, _ remedy: String) { found.append(Problem(text: text, remedy: remedy)) }
        if !hasKeeper {
            add(
                "the keeper is gone: worker \(ProcessIdentity.pid) serves alone, and nobody will replace it when it dies",
                "start lxcfs again, it takes over: \(commands.takeOver)")
        }
        if state[.reloadOutcome] == StateMemory.ReloadOutcome.failed.rawValue {
            add("the last reload failed: \(state.reloadReason)", "install a program that works, then: lxcfsctl reload")
        }
        let program = program.state
        switch program.onDisk {
        case .same: break
        case .replaced: add("\(program.path) was replaced: what runs is \(Version.current) as it was before", "lxcfsctl reload")
        case .missing: add("\(program.path) is missing: lxcfs could not be started again", "install lxcfs again")
        }
        if state.showsHost { add("virtualization is off: every container is shown the host's values", "lxcfsctl virtualization on") }
        let refused = parts.memory.counters[.refusedRequests].saturatingSubtract(parts.memory.refusedBefore.load(ordering: .relaxed))
        if refused > 0 {
            add(
                "\(refused) requests ended two workers and were refused; the log names them",
                "report it, with the log; a reload clears this")
        }
        if let fallback = parts.fallbacks.recent {
            add("in the last ten minutes something else than the file should show was served: \(fallback)", "see the log for how often")
        }
        for controller in features.missingControllers {
            add(
                "no cgroup hierarchy has the controller \(controller): containers have no limits of that kind",
                "mount it, or boot with cgroup_enable=\(controller)")
        }
        if features.accountsSwap == false, hostHasSwap {
            add("swap is not counted for cgroups: containers are shown none", "boot with swapaccount=1")
        }
        return found
    }

    private var hostHasSwap: Bool {
        parts.renderer.measure { context in
            (try? context.readHost(.meminfo)) != nil && (HostMeminfo(context.hostText)?.swapTotal ?? 0) > 0
        }
    }
}

extension CgroupTreeStatus {
    init(_ state: CgroupTreeState) {
        switch state {
        case .served(let hierarchies): self.init(state: .served, hierarchies: hierarchies)
        case .disabled: self.init(state: .disabled)
        case .noHierarchies: self.init(state: .absent)
        case .impossible(let reason): self.init(state: .impossible, reason: reason)
        }
    }
}

extension FileStatistics {
    fileprivate init(file: String, histogram: LatencyHistogram) {
        func bound(_ nanoseconds: UInt64?) -> Int64? { nanoseconds.map { Int64(clamping: $0) } }
        self.init(
            file: file, reads: Int64(clamping: histogram.reads), errors: Int64(clamping: histogram.errors),
            p50Nanoseconds: bound(histogram.percentile(50)), p90Nanoseconds: bound(histogram.percentile(90)),
            p99Nanoseconds: bound(histogram.percentile(99)), maxNanoseconds: bound(histogram.longest))
    }
}

/// The program that this process executes, and what lies in its place.
struct ExecutedProgram: Sendable {
    private let path: String
    private let own: FileStatus?

    /// - Parameter name: what this process was called, its first argument.
    init(calledAs name: String) {
        path = ProcessIdentity.program(calledAs: name)
        own = try? FileStatus(following: "/proc/self/exe")
    }

    var state: Program {
        guard let there = try? FileStatus(following: path) else { return Program(path: path, onDisk: .missing) }
        return Program(path: path, onDisk: own.map(there.isSameFile) ?? true ? .same : .replaced)
    }
}

/// How this program was built.
enum BuildDescription {
    static let current = "\(configuration), \(compiler), \(architecture)"

    #if DEBUG
        private static let configuration = "debug"
    #else
        private static let configuration = "release"
    #endif

    #if compiler(>=6.4)
        private static let compiler = "Swift 6.4 or later"
    #elseif compiler(>=6.3)
        private static let compiler = "Swift 6.3"
    #else
        private static let compiler = "Swift 6.2"
    #endif

    #if arch(x86_64)
        private static let architecture = "x86_64"
    #elseif arch(arm64)
        private static let architecture = "arm64"
    #elseif arch(powerpc64le)
        private static let architecture = "ppc64le"
    #elseif arch(s390x)
        private static let architecture = "s390x"
    #elseif arch(riscv64)
        private static let architecture = "riscv64"
    #else
        private static let architecture = "another architecture"
    #endif
}
