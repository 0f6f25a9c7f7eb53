internal import LinuxSystem

/// The commands by which people start and stop the daemon, as remedies name them: systemd's where it starts services, else those of a start by hand, after which
/// the daemon takes a moment until it serves.
package struct ServiceCommands: Sendable {
    private let hasSystemd: Bool
    private let mountPoint: String
    private let running: String

    /// - Parameter running: the process that is to end for another start; the keeper, where there is one. `nil` where it is not known.
    package init(hasSystemd: Bool, mountPoint: String, running: Int64? = nil) {
        self.hasSystemd = hasSystemd
        self.mountPoint = mountPoint
        self.running = running.map(String.init) ?? "$(pidof lxcfs)"
    }

    /// sd_booted(3).
    package static var hasSystemd: Bool { (try? FileStatus(following: "/run/systemd/system"))?.isDirectory ?? false }

    package var start: String { hasSystemd ? "systemctl start lxcfs" : "lxcfs \(mountPoint) &" }

    /// The same where something of the daemon runs still, which goes over to the new one.
    package var takeOver: String { hasSystemd ? "systemctl restart lxcfs" : start }

    /// The same where nobody answers any more, and then what replaces dead mounts in containers.
    package var startAndRepair: String { hasSystemd ? "systemctl restart lxcfs && lxcfsctl repair" : "\(start) sleep 1; lxcfsctl repair" }

    /// Ends the daemon and starts it anew. The unit repairs what that leaves dead.
    package var restart: String { hasSystemd ? "systemctl restart lxcfs" : "kill \(running); sleep 1; \(startAndRepair)" }

    /// The same for one that does not react.
    package var restartByForce: String { hasSystemd ? startAndRepair : "kill -9 \(running); \(startAndRepair)" }
}
