internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import SystemPackage

/// The whole daemon: keeper or worker, as the process was started.
package struct Daemon {
    private let configuration: Configuration
    private let arguments: [String]
    private let logger: Logger

    /// - Parameter arguments: the process's own, with which workers are started; the first is the program's name.
    package init(_ configuration: Configuration, arguments: [String]) {
        self.configuration = configuration
        self.arguments = arguments
        var logger = Logger(label: "lxcfs") { _ in StandardErrorLog() }
        logger.logLevel = configuration.isDebugging ? .debug : .info
        self.logger = logger
    }

    /// Runs as the keeper, which mounts and serves until SIGTERM, SIGINT or SIGHUP, or until the file system is unmounted from outside.
    package func keep() throws(StartError) {
        StandardStreams.openMissing()
        // A keeper that was executed as its worker's image would be called `exe`, and pidof(1) would not find it.
        ProcessIdentity.setName("lxcfs")
        if KeeperUpgrade.isCheck { return try checkState() }
        guard ProcessIdentity.effectiveUser == 0 else { throw .notRoot }
        guard !Daemon.hasOwnCgroups else { throw .ownCgroups }
        ProcessIdentity.raiseFileLimit()
        let legacy = KeeperUpgrade.legacy
        // Before anything of ours has the numbers that the environment speaks of, whatever is there.
        let inherited = legacy == nil ? ServiceManager.inherited() : []
        let signals = try Daemon.keeperSignals()
        let pidFile = try PIDFile(path: configuration.pidFile, inherited: legacy?.pidFile)
        do throws(StartError) {
            let manager = ServiceManager()
            if manager.isUnreachable {
                logger.error(
                    "the service manager waits for word of us, but libsystemd.so.0 is missing: install it (Debian: apt-get install libsystemd0)"
                )
            }
            let control = try ControlSocket.open(configuration, inherited, manager, logger)
            defer { control.remove() }
            let kept = try KeptConnection(configuration, legacy, inherited, manager, logger)
            let program = ProcessIdentity.program(calledAs: arguments.first ?? "")
            let settings = Keeper.Settings(
                mountPoint: configuration.mountPoint, program: program, arguments: arguments,
                startTimeout: configuration.startTimeout, requestTimeout: configuration.requestTimeout)
            let keeper = Keeper(
                settings, kept, control, signals: signals, manager: manager,
                upgrade: KeeperUpgrade(pidFile: pidFile.descriptor), logger: logger)
            keeper.run(with: legacy?.worker(of: kept.state))
        } catch {
            pidFile.remove()
            throw error
        }
        pidFile.remove()
    }

    /// Runs as a worker of the keeper that started it.
    package func work() throws(StartError) {
        // Looked at before anything else takes the number: a keeper that has no control socket, or does not know of one, gives none.
        let isControlled = UnixSocketListener.isListener(Worker.controlDescriptor)
        let listener = isControlled ? UnixSocketListener(adopting: OwnedFileDescriptor(adopting: Worker.controlDescriptor)) : nil
        ProcessIdentity.limitHeaps()
        ProcessIdentity.raiseFileLimit()
        // So would a worker that was started from the keeper's own image.
        ProcessIdentity.setName("lxcfs")
        let descriptors = [Worker.connectionDescriptor, Worker.stateDescriptor, Worker.linkDescriptor]
        guard descriptors.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else { throw .noKeeper(.badFileDescriptor) }
        let link = KeeperLink(socket: MessageSocket(adopting: OwnedFileDescriptor(adopting: Worker.linkDescriptor)))
        do throws(StartError) {
            try Worker(configuration, keeper: link, listener: listener, logger: logger).run()
        } catch {
            link.send(.failed(reason: error.description))
            throw error
        }
    }

    /// Shows that this program understands what the running keeper would leave to it.
    private func checkState() throws(StartError) {
        do throws(Errno) {
            _ = try StateMemory(adopting: OwnedFileDescriptor(adopting: Worker.stateDescriptor))
        } catch {
            throw .memory(error)
        }
    }

    /// Whether this process is in a cgroup namespace in which the first process that it sees is not: its cgroups are `/../...` then, and so are those of
    /// all containers.
    private static var hasOwnCgroups: Bool {
        var text = InputText(capacity: 4096)
        guard let proc = try? Directory(path: "/proc"), (try? proc.read("1/cgroup", into: &text)) != nil else { return false }
        var scanner = text.scanner
        while var line = scanner.nextLine() {
            // Number, controllers, path.
            guard line.upTo(UInt8(ascii: ":")) != nil, line.upTo(UInt8(ascii: ":")) != nil else { continue }
            if line.hasPrefix("/..") { return true }
        }
        return false
    }

    private static func keeperSignals() throws(StartError) -> SignalQueue {
        do throws(Errno) {
            return try SignalQueue(Worker.signals)
        } catch {
            throw .signals(error)
        }
    }
}
