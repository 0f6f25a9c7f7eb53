internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// What the daemon has for a container that is made in this mount namespace.
enum DaemonMounts {
    /// - Parameter patience: how long all answers together may take, in nanoseconds.
    static func list(socket: String, _ selection: MountSelection, patience: UInt64) throws(WrapperFailure) -> [Mount] {
        let client = ControlClient(socket: socket)
        let start = Clock.monotonic
        var list: ListMounts.Reply
        let device: String
        do throws(ClientError) {
            list = try client.call(ListMounts.self, ListMounts.Parameters(), timeout: patience)
            let used = Clock.monotonic.saturatingSubtract(start)
            device = try client.call(GetStatus.self, Nothing(), timeout: patience.saturatingSubtract(used)).mount.device
        } catch {
            throw WrapperFailure(sentence(error, socket))
        }
        do throws(MountListError) {
            list.mounts = try selection.apply(to: list.mounts)
            try VisibleMounts(table: table()).check(list, device: device)
        } catch {
            throw WrapperFailure("\(error)")
        }
        return list.mounts
    }

    private static func sentence(_ error: ClientError, _ socket: String) -> String {
        switch error {
        case .notRunning: "no lxcfs is running at \(socket)"
        case .notPermitted: "the socket \(socket) may not be used by this user"
        case .timedOut, .interrupted: "lxcfs at \(socket) did not answer in time"
        case .closed: "lxcfs at \(socket) hung up before it had answered"
        case .fault(let fault): "lxcfs at \(socket) answered: \(fault)"
        case .system(let error): "lxcfs at \(socket) cannot be asked: \(error)"
        }
    }

    /// The mounts that this process sees; none where the kernel does not tell.
    private static func table() -> MountTable { (try? MountTable.current()) ?? MountTable(InputText()) }
}
