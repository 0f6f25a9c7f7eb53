internal import LXCFSControl

/// Who may ask the daemon.
struct SocketCheck: Check {
    let name = "socket"

    func examine(_ scene: Scene) -> [Finding] {
        guard case .exists(let mode, let owner, let group) = scene.host.probe(scene.socket) else {
            // The daemon's check has said what there is to say.
            return []
        }
        guard mode & 0o170000 == 0o140000 else {
            return [fault("\(scene.socket) is no socket", remedy: "rm \(scene.socket); \(scene.commands.restart)")]
        }
        let permissions = String(mode & 0o777, radix: 8)
        if owner != 0 {
            return [
                warning(
                    "\(scene.socket) belongs to user \(owner), and not to root: it is not certain who answers there",
                    remedy: "chown root \(scene.socket)")
            ]
        }
        if mode & 0o002 != 0 {
            return [
                warning(
                    "Everybody may open \(scene.socket) (mode \(permissions)), and see every container's limits and files",
                    remedy: "chmod o= \(scene.socket)")
            ]
        }
        return [
            ok(
                "\(scene.socket) has mode \(permissions) and group \(groupName(group, scene.host)): its members may ask, only root may change"
            )
        ]
    }

    private func groupName(_ number: UInt32, _ host: any HostFacts) -> String {
        for line in (host.text(of: "/etc/group") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, UInt32(fields[2]) == number { return String(fields[0]) }
        }
        return "\(number)"
    }
}
