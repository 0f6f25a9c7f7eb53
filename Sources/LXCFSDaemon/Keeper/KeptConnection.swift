internal import FUSE
internal import LinuxSystem
internal import Logging
internal import SystemPackage

/// What the keeper keeps: the connection to the kernel, and the memory that goes with it. It is taken over from whoever held it before, or made.
struct KeptConnection {
    let connection: Connection
    let state: StateMemory
    /// That no other keeper has the memory.
    let claim: SharedMemory.Claim

    /// In this order: what this process held as another program; what the service manager held since a predecessor's end; what a worker holds whose keeper
    /// is dead; else a new mount, in the place of a dead one if there is one.
    init(
        _ configuration: Configuration, _ legacy: KeeperUpgrade.Legacy?, _ inherited: [InheritedDescriptor], _ manager: ServiceManager,
        _ logger: Logger
    ) throws(StartError) {
        if let legacy {
            guard
                let kept = KeptConnection(
                    OwnedFileDescriptor(adopting: legacy.connection), OwnedFileDescriptor(adopting: legacy.state),
                    Connection.mount(at: configuration.mountPoint))
            else { throw .memory(.invalidArgument) }
            self = kept
        } else if let kept = KeptConnection.stored(configuration, inherited, manager, logger)
            ?? KeptConnection.orphaned(configuration, logger)
        {
            self = kept
            kept.noteLostWorker()
        } else {
            try self.init(mounting: configuration, logger)
        }
    }

    /// Takes over a connection and its memory; `nil` where the memory is not what it should be.
    private init?(_ device: consuming OwnedFileDescriptor, _ memory: consuming OwnedFileDescriptor, _ mount: Connection.Mount?) {
        device.closeOnExec()
        memory.closeOnExec()
        guard let state = try? StateMemory(adopting: memory), let initRequest = state.initRequest, let claim = try? state.memory.claim()
        else { return nil }
        self.state = state
        self.claim = claim
        connection = Connection(adopting: device, initRequest: initRequest, mount: mount)
    }

    /// Nobody was there to note how the worker ended that served last.
    private func noteLostWorker() {
        if state[.workerPID] != 0 {
            state.lastEnd = .killed
            state.count(.crashes)
            state[.workerPID] = 0
        }
        // Whoever starts the daemon wants it to work.
        state.showsHost = false
    }

    private init(mounting configuration: Configuration, _ logger: Logger) throws(StartError) {
        do throws(MountError) {
            connection = try Connection(mountingAt: configuration.mountPoint, options: MountOptions(configuration.mountOptions))
        } catch {
            throw .mount(error.description)
        }
        if connection.detachedMounts > 0 {
            logger.notice(
                """
                detached \(connection.detachedMounts) dead mount(s) that an earlier lxcfs left at \(configuration.mountPoint); containers that were started \
                before have dead files: lxcfsctl repair binds them anew
                """)
        }
        do throws(Errno) {
            let threads = configuration.threads(on: try MountTable.current())
            state = try StateMemory(for: connection, slots: threads, workerBytes: WorkerMemory.byteCount)
            claim = try state.memory.claim()
        } catch {
            _ = try? connection.unmount()
            throw .memory(error)
        }
    }

    /// From the service manager's store.
    private static func stored(
        _ configuration: Configuration, _ inherited: [InheritedDescriptor], _ manager: ServiceManager, _ logger: Logger
    ) -> KeptConnection? {
        func descriptor(_ name: String) -> OwnedFileDescriptor? { inherited.first { $0.name == name }?.take() }
        guard let device = descriptor(KeeperUpgrade.connectionName), let memory = descriptor(KeeperUpgrade.stateName) else { return nil }
        let mount = Connection.mount(at: configuration.mountPoint)
        if let mount, let kept = KeptConnection(device, memory, mount), kept.state.device == mount.device, kept.connection.isAlive {
            logger.notice("goes on with the mount on \(configuration.mountPoint) that the service manager has kept alive")
            return kept
        }
        logger.error(
            "the connection that the service manager has kept is not the one mounted on \(configuration.mountPoint): it is given up")
        manager.forget(name: KeeperUpgrade.connectionName)
        manager.forget(name: KeeperUpgrade.stateName)
        return nil
    }

    /// From a worker that lost its keeper.
    private static func orphaned(_ configuration: Configuration, _ logger: Logger) -> KeptConnection? {
        guard let mount = Connection.mount(at: configuration.mountPoint) else { return nil }
        let orphans = OrphanedWorker.find(for: mount)
        for orphan in orphans {
            guard let device = try? orphan.connection(), let memory = try? orphan.state(), let kept = KeptConnection(device, memory, mount)
            else { continue }
            orphans.forEach { $0.end() }
            guard kept.connection.isAlive else { return nil }
            logger.notice("takes over the mount on \(configuration.mountPoint) from worker \(orphan.pid), whose keeper is dead")
            return kept
        }
        return nil
    }
}
