internal import Cgroups
internal import ContainerViews
internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// The whole daemon: puts the parts together, mounts, serves until a signal says stop, and unmounts.
package struct Daemon {
    private let configuration: Configuration
    private let logger: Logger

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        var logger = Logger(label: "lxcfs") { _ in StandardErrorLog() }
        logger.logLevel = configuration.isDebugging ? .debug : .info
        self.logger = logger
    }

    /// Runs until SIGTERM, SIGINT or SIGHUP, or until the file system is unmounted from outside.
    package func run() throws(StartError) {
        StandardStreams.openMissing()
        guard ProcessIdentity.effectiveUser == 0 else { throw .notRoot }
        ProcessIdentity.limitHeaps()
        ProcessIdentity.raiseFileLimit()
        let signals = SignalSet([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE])
        signals.block()
        let options = try mountOptions()
        let pidFile = try PIDFile(path: configuration.pidFile)
        do throws(StartError) {
            try serve(options, until: signals)
        } catch {
            pidFile.remove()
            throw error
        }
        pidFile.remove()
    }

    private func serve(_ options: MountOptions, until signals: SignalSet) throws(StartError) {
        let parts = try Parts(configuration, logger)
        let connection = try mounted(options)
        if connection.detachedMounts > 0 {
            logger.notice("detached \(connection.detachedMounts) dead mount(s) that an earlier lxcfs left at \(configuration.mountPoint)")
        }
        defer { unmount(connection) }
        let session = try session(on: connection, parts)
        let sampler = try startSampler(parts)
        do throws(SessionError) {
            try session.start()
        } catch {
            throw .session(error.description)
        }
        logger.info("\(Version.current) serves \(configuration.mountPoint), \(parts.layoutDescription)")
        wait(for: signals, parts)
        parts.isEnding.store(true, ordering: .relaxed)
        parts.sampler.stop()
        while !sampler.isFinished {
            sampler.interrupt()
            usleep(1000)
        }
        sampler.join()
        unmount(connection)
        session.stop()
    }

    // MARK: - Starting

    private func mountOptions() throws(StartError) -> MountOptions {
        do throws(MountError) {
            return try MountOptions(configuration.mountOptions)
        } catch {
            throw .mount(error.description)
        }
    }

    private func mounted(_ options: MountOptions) throws(StartError) -> Connection {
        do throws(MountError) {
            return try Connection(mountingAt: configuration.mountPoint, options: options)
        } catch {
            throw .mount(error.description)
        }
    }

    private func session(on connection: Connection, _ parts: Parts) throws(StartError) -> Session {
        do throws(SessionError) {
            return try Session(
                connection, fileSystem: parts.fileSystem, slots: RequestSlots(count: configuration.threads),
                tracesRequests: configuration.isDebugging
            ) { [logger] event in
                switch event {
                case .unmounted:
                    if parts.isEnding.load(ordering: .relaxed) { return }
                    logger.notice("unmounted from outside")
                    kill(getpid(), SIGTERM)
                case .readFailed(let error): logger.error("a request could not be received: \(error)")
                case .replyFailed(let error): logger.error("an answer was not taken by the kernel: \(error)")
                case .condemned(let request): logger.error("\(request)")
                }
            }
        } catch {
            throw .session(error.description)
        }
    }

    private func startSampler(_ parts: Parts) throws(StartError) -> JoinableThread {
        do throws(Errno) {
            return try JoinableThread(name: "lxcfs/load", stackSize: 512 << 10) { parts.sampler.run() }
        } catch {
            throw .threads(error)
        }
    }

    // MARK: - Running and ending

    private func wait(for signals: SignalSet, _ parts: Parts) {
        while true {
            let signal = signals.wait()
            switch signal {
            case SIGUSR2:
                let isOn = parts.fileSystem.toggleVirtualization()
                logger.notice("\(isOn ? "every container sees its own values again" : "everyone sees the host's values now") (SIGUSR2)")
            case SIGUSR1:
                logger.notice("SIGUSR1 ignored: there is nothing to reload in this version; limits and cgroups are always read anew")
            case SIGPIPE: continue
            default:
                logger.info("ending: \(String(cString: strsignal(signal)))")
                return
            }
        }
    }

    private func unmount(_ connection: Connection) {
        do throws(MountError) {
            try connection.unmount()
        } catch {
            logger.error("\(error)")
        }
    }
}

/// Everything that answers, put together.
private final class Parts: Sendable {
    let fileSystem: ContainerFileSystem
    let sampler: LoadSampler
    let layoutDescription: String
    /// Whether the daemon unmounts by itself.
    let isEnding = Atomic(false)

    init(_ configuration: Configuration, _ logger: Logger) throws(StartError) {
        do throws(Errno) {
            let host = try HostFilesystem()
            var text = InputText(capacity: 65536)
            try host.proc.read("self/mountinfo", into: &text)
            let layout = CgroupLayout(host, mounts: MountTable(text))
            let resolver = try ScopeResolver(host, layout: layout)
            sampler = LoadSampler(host, resolver: resolver)
            let renderer = Renderer(
                host, hostScope: resolver.hostScope, settings: configuration.views, sampler: sampler, fallbacks: FallbackLog(logger),
                makeRoom: { resolver.makeRoom() })
            fileSystem = ContainerFileSystem(resolver: resolver, renderer: renderer)
            layoutDescription = layout.description
        } catch {
            throw .host(error)
        }
    }
}
