internal import FUSE
internal import LinuxSystem
internal import Logging
internal import SystemPackage

/// What the keeper keeps: the connection to the kernel, and the memory that goes with it. It is taken over from whoever held it before, or made.
struct KeptConnection {
    let connection: Connection
    let state: StateMemory

    /// In this order: what this process held as another program; what the service manager held since a predecessor's end; what a worker holds whose keeper
    /// is dead; else a new mount, in the place of a dead one if there is one.
    init(
        _ configuration: Configuration, _ legacy: KeeperUpgrade.Legacy?, _ manager: ServiceManager, _ logger: Logger
    ) throws(StartError) {
        if let legacy {
            guard let kept = KeptConnection(legacy.connection, legacy.state, Connection.mount(at: configuration.mountPoint)) else {
                throw .memory(.invalidArgument)
            }
            self = kept
        } else if let kept = KeptConnection.stored(configuration, manager, logger) ?? KeptConnection.orphaned(configuration, logger) {
            self = kept
            state.showsHost = false
        } else {
            try self.init(mounting: configuration, logger)
        }
    }

    /// Takes over two descriptors.
    private init?(_ connection: CInt, _ state: CInt, _ mount: Connection.Mount?) {
        let device = OwnedFileDescriptor(adopting: connection)
        let memory = OwnedFileDescriptor(adopting: state)
        device.closeOnExec()
        memory.closeOnExec()
        guard let state = try? StateMemory(adopting: memory), let initRequest = state.initRequest else { return nil }
        self.state = state
        self.connection = Connection(adopting: device, initRequest: initRequest, mount: mount)
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
                before have to be started again, or their files bound anew
                """)
        }
        do throws(Errno) {
            state = try StateMemory(for: connection, slots: configuration.threads, workerBytes: 0)
        } catch {
            _ = try? connection.unmount()
            throw .memory(error)
        }
    }

    /// From the service manager's store.
    private static func stored(_ configuration: Configuration, _ manager: ServiceManager, _ logger: Logger) -> KeptConnection? {
        nil
    }

    /// From a worker that lost its keeper.
    private static func orphaned(_ configuration: Configuration, _ logger: Logger) -> KeptConnection? {
        nil
    }
}
