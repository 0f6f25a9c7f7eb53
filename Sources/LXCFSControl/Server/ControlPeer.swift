package import LinuxSystem

/// Tells who a client is, and whether it may change something.
///
/// User id 0 is not enough: root in a container has it too, where the container has no user namespace of its own. A socket that somebody has mounted
/// into a container must not be the way out of it. So the process that connected must live in this process's own pid and user namespaces, and have
/// CAP_SYS_ADMIN, which a container that shares the host's pids has not.
package struct ControlPeer: Sendable {
    private let proc: Directory

    /// - Parameter proc: the procfs of this process's pid namespace, with nothing mounted over it.
    package init(proc: Directory) {
        self.proc = proc
    }

    /// Who connected.
    package func caller(of connection: UnixSocketConnection) -> ControlCaller {
        guard let peer = connection.peer else {
            return ControlCaller(uid: .max, gid: .max, pid: 0, refusal: "the kernel does not say who calls")
        }
        return ControlCaller(uid: peer.uid, gid: peer.gid, pid: peer.pid, refusal: refusal(of: peer, connection))
    }

    private func refusal(of peer: UnixSocketConnection.Peer, _ connection: UnixSocketConnection) -> String? {
        guard peer.uid == 0 else { return "only root of the host may do this, and the caller is user \(peer.uid): use sudo" }
        guard peer.pid > 0 else { return ControlPeer.stranger }
        guard let process = try? connection.peerProcess(), let folder = try? proc.directory("\(peer.pid)") else { return ControlPeer.gone }
        for namespace in ["pid", "user"] {
            guard let its = try? folder.status("ns/\(namespace)"), let own = try? proc.status("self/ns/\(namespace)") else {
                return ControlPeer.gone
            }
            guard its.isSameFile(as: own) else { return ControlPeer.stranger }
        }
        guard let capabilities = try? ProcessCapabilities(ofProcess: folder) else { return ControlPeer.gone }
        guard capabilities.mayAdministrate else { return ControlPeer.powerless }
        // Asked for last: while the process that connected is there, nobody else has had its pid.
        return process.isAlive ? nil : ControlPeer.gone
    }

    private static let stranger =
        "only root of the host may do this, and the caller is root in a container: call from the pid and user namespaces that lxcfs runs in"
    private static let powerless = "only root of the host may do this, and the caller has no CAP_SYS_ADMIN: call with it"
    private static let gone = "only root of the host may do this, and the process that connected is gone: connect anew"
}
