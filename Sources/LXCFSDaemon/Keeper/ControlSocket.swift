internal import FUSE
internal import Glibc
internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import SystemPackage

/// The control socket as the keeper has it, which alone outlives the workers that serve it: the socket that listens, and duplicates of the clients'
/// connections. No byte of a client is ever read here.
final class ControlSocket {
    /// Its name in the service manager's store.
    static let name = "lxcfs-control"
    /// What a keeper leaves to the program that it becomes: descriptors of socket and lock (-1: none). A program of its own name that does not know it has no
    /// control socket either way.
    private static let variable = "LXCFS_KEEPER_CONTROL"
    private static let mode: UInt32 = 0o660

    private let listener: UnixSocketListener?
    private let path: String
    /// That no other daemon has the path; `nil` where the service manager owns the socket.
    private let lock: Lock?
    /// Whether the service manager keeps it for the next process.
    private var isStored = false
    private var clients = [UnixSocketConnection?](repeating: nil, count: StateMemory.clientSlots)

    /// What a worker inherits of it, after what it always does.
    var descriptors: [CInt] { listener.map { [$0.descriptor] } ?? [] }

    /// The lock on the file beside the socket, for as long as this object lives.
    private final class Lock {
        let file: LockedFile

        init(_ file: consuming LockedFile) {
            self.file = file
        }
    }

    private init(_ listener: UnixSocketListener?, path: String, lock: Lock?) {
        self.listener = listener
        self.path = path
        self.lock = lock
    }

    /// In this order: what this process had as another program; what the service manager listens on; what it has kept; a new one, in the place of one that
    /// a dead daemon left.
    /// - Parameter inherited: what the service manager handed over.
    /// - Throws: where there shall be one at any price, and cannot be; otherwise that is logged, and containers are served without.
    static func open(
        _ configuration: Configuration, _ inherited: [InheritedDescriptor], _ manager: ServiceManager, _ logger: Logger
    ) throws(StartError) -> ControlSocket {
        let wanted = configuration.controlSocket
        let legacy = ControlSocket.legacy(path: wanted.path)
        if let legacy { return legacy }
        let own = [KeeperUpgrade.connectionName, KeeperUpgrade.stateName, name]
        for descriptor in inherited where !own.contains(descriptor.name) {
            if let taken = descriptor.take(), let listener = UnixSocketListener(adopting: taken) {
                return ControlSocket(listener, path: "", lock: nil)
            }
        }
        guard !wanted.path.isEmpty else { return ControlSocket(nil, path: "", lock: nil) }
        let group = try ControlSocket.group(wanted)
        do throws(StartError) {
            let kept = inherited.first { $0.name == name }?.take()
            return try ControlSocket(at: wanted, group: group, kept: kept, manager)
        } catch {
            if wanted.isExplicit { throw error }
            let level: Logger.Level = if case .controlSocketTaken = error { .warning } else { .error }
            logger.log(level: level, "\(error) Containers are served all the same, but lxcfsctl cannot reach this daemon.")
            return ControlSocket(nil, path: "", lock: nil)
        }
    }

    private convenience init(
        at wanted: Configuration.ControlSocket, group: UInt32, kept: consuming OwnedFileDescriptor?, _ manager: ServiceManager
    ) throws(StartError) {
        let path = wanted.path
        let lock: Lock
        do throws(Errno) {
            try Directory.make(ControlSocket.folder(of: path))
            lock = Lock(try LockedFile(path: path + ".lock", content: "\(ProcessIdentity.pid)\n"))
        } catch {
            if error == .resourceTemporarilyUnavailable || error == .permissionDenied { throw .controlSocketTaken(path) }
            throw .controlSocket(path, error)
        }
        if let kept = kept.take(), let listener = UnixSocketListener(adopting: kept), listener.isBound(at: path),
            let status = try? FileStatus(following: path), status.group == group, status.mode & 0o777 == ControlSocket.mode
        {
            self.init(listener, path: path, lock: lock)
            isStored = manager.store(listener.descriptor, name: ControlSocket.name)
            return
        }
        manager.forget(name: ControlSocket.name)
        let made: UnixSocketListener
        do throws(Errno) {
            made = try UnixSocketListener(path: path, mode: ControlSocket.mode, group: group)
        } catch {
            throw .controlSocket(path, error)
        }
        self.init(made, path: path, lock: lock)
        isStored = manager.store(made.descriptor, name: ControlSocket.name)
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private static func group(_ wanted: Configuration.ControlSocket) throws(StartError) -> UInt32 {
        guard let name = wanted.group else { return 0 }
        guard let group = ProcessIdentity.group(named: name) else { throw .unknownGroup(name) }
        return group
    }

    /// To be called when the daemon ends as it should. A socket that the service manager has goes on to take connections, for the next daemon.
    func remove() {
        if lock != nil, listener != nil, !isStored { unlink(path) }
    }

    // MARK: - Clients

    /// What the worker that serves says of its clients: the duplicate of a connection takes the place of the one before.
    func receive(_ message: WorkerMessage) {
        switch message {
        case .client(let slot, let attachment) where clients.indices.contains(slot):
            if let descriptor = attachment?.take() { clients[slot] = UnixSocketConnection(adopting: descriptor) }
        case .clientGone(let slot) where clients.indices.contains(slot): clients[slot] = nil
        default: break
        }
    }

    /// Gives all of them to the worker that is to serve next; there is room for what it is to be told then. One that cannot be given is lost.
    func giveClients(to worker: WorkerLink) {
        for (slot, client) in clients.enumerated() {
            guard let client else { continue }
            if worker.socket.isFilled(below: 3), worker.send(.client(slot: slot, nil), with: client.descriptor) { continue }
            client.shutDown()
            clients[slot] = nil
        }
    }

    // MARK: - Going on as another program

    /// Makes the descriptors outlive execve(2), and says where they are.
    func prepareForExecution() {
        guard let listener else { return }
        let numbers = [listener.descriptor, lock?.file.rawDescriptor ?? -1]
        for number in numbers where number >= 0 { _ = fcntl(number, F_SETFD, 0) }
        setenv(ControlSocket.variable, (numbers.map(String.init) + [isStored ? "1" : "0"]).joined(separator: ","), 1)
    }

    /// It did not come to that.
    func recover() {
        unsetenv(ControlSocket.variable)
        for number in [listener?.descriptor ?? -1, lock?.file.rawDescriptor ?? -1] where number >= 0 {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func legacy(path: String) -> ControlSocket? {
        guard let text = ProcessEnvironment.value(of: variable) else { return nil }
        unsetenv(variable)
        let numbers = text.split(separator: ",").compactMap { CInt($0) }
        guard numbers.count >= 2, numbers[0] > 2, UnixSocketListener.isListener(numbers[0]),
            let listener = UnixSocketListener(adopting: OwnedFileDescriptor(adopting: numbers[0]))
        else { return nil }
        var lock: Lock?
        if numbers[1] > 2, !path.isEmpty, let held = try? LockedFile(path: path + ".lock", locked: numbers[1]) { lock = Lock(held) }
        let socket = ControlSocket(listener, path: lock == nil ? "" : path, lock: lock)
        socket.isStored = numbers.count > 2 && numbers[2] == 1
        return socket
    }
}
