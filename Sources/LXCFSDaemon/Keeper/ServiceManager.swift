internal import CSystemd
internal import LinuxSystem
internal import ProcText

/// The service manager that started us, systemd as a rule, told by sd_notify(3) how we are. Without one everything here does nothing.
///
/// Nothing here waits or fails: a message that the manager does not take at once is lost. For the keeper alone; of its children the manager
/// hears nothing.
struct ServiceManager: Sendable {
    /// Whether there is one that we can talk to.
    let isPresent: Bool
    /// Whether there is one that waits for us to talk, and we cannot: libsystemd is not installed. Worth a line in the log.
    let isUnreachable: Bool
    /// How often `keepAlive` is to be called, in nanoseconds: half of what the manager allows. `nil` where it does not ask for it.
    let watchdogInterval: UInt64?
    /// Whether descriptors that are given to it come back after our death.
    ///
    /// systemd 254 and later say so (`FDSTORE`). Before that nobody does, so our unit file, which asks for the store, does it
    /// (`LXCFS_FDSTORE=1`). Who wrongly believes in a store leaves a dead mount behind, so without a word there is none.
    private let hasStore: Bool

    /// From the environment, which stays as it is: it serves the program that the keeper executes in its own place, too.
    init() {
        let isWaiting = ProcessEnvironment.value(of: "NOTIFY_SOCKET") != nil
        isPresent = isWaiting && csystemd_load() != 0
        isUnreachable = isWaiting && !isPresent
        var microseconds: UInt64 = 0
        let isAsked = isPresent && csystemd_watchdog_enabled(&microseconds) > 0
        watchdogInterval = isAsked ? (microseconds / 2).saturatingMultiply(1000) : nil
        let capacity = ProcessEnvironment.value(of: "FDSTORE").flatMap { UInt($0) } ?? 0
        hasStore = isPresent && (capacity > 0 || ProcessEnvironment.value(of: "LXCFS_FDSTORE") == "1")
    }

    // MARK: - Telling

    /// We serve: after the start and after each reload.
    /// - Parameter status: one line for people, what `systemctl status` shows.
    func ready(status: String) {
        send(["READY=1", ServiceManager.statusLine(status)])
    }

    /// What `systemctl status` shows from now on.
    func status(_ text: String) {
        send([ServiceManager.statusLine(text)])
    }

    /// A reload begins; it ends with `ready`. With the time, which Type=notify-reload wants.
    func reloading(status: String) {
        send(["RELOADING=1", "MONOTONIC_USEC=\(Clock.monotonic / 1000)", ServiceManager.statusLine(status)])
    }

    /// We are about to end.
    func stopping(status: String) {
        send(["STOPPING=1", ServiceManager.statusLine(status)])
    }

    /// A sign of life, due every `watchdogInterval`.
    func keepAlive() {
        send(["WATCHDOG=1"])
    }

    // MARK: - Descriptors that outlive us

    /// Gives the manager a duplicate of a descriptor, to be handed to the next process of this unit. One that it has already it keeps once.
    /// The manager drops a descriptor that hangs up, as /dev/fuse does when the connection has ended.
    /// - Parameter name: letters, digits and dashes; several descriptors may share it.
    /// - Returns: whether it is in a store, so that it is safe to end and leave the mount to the successor.
    func store(_ descriptor: CInt, name: String) -> Bool {
        guard isPresent else { return false }
        var descriptor = descriptor
        return csystemd_notify("FDSTORE=1\nFDNAME=\(name)", &descriptor, 1) > 0 && hasStore
    }

    /// Takes all descriptors of a name out of the store.
    func forget(name: String) {
        send(["FDSTOREREMOVE=1", "FDNAME=\(name)"])
    }

    /// The descriptors that the manager handed to this process, close-on-exec from now on, in its order. To be asked once: what says that they are
    /// there (`LISTEN_*`) is taken out of the environment, also where it is meant for another process.
    static func inherited() -> [InheritedDescriptor] {
        guard ProcessEnvironment.value(of: "LISTEN_FDS") != nil, csystemd_load() != 0 else { return [] }
        let names = (ProcessEnvironment.value(of: "LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let count = csystemd_listen_fds()
        guard count > 0 else { return [] }
        return (0..<Int(count)).map { index in
            InheritedDescriptor(
                name: index < names.count ? String(names[index]) : "",
                adopting: OwnedFileDescriptor(adopting: firstInherited + CInt(truncatingIfNeeded: index)))
        }
    }

    /// Our environment without what is between the manager and the keeper: `NAME=VALUE` each, for the worker.
    static var childEnvironment: [String] {
        ProcessEnvironment.all.filter { entry in
            !["NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "FDSTORE=", "LXCFS_FDSTORE="].contains { entry.hasPrefix($0) }
        }
    }

    /// SD_LISTEN_FDS_START of sd-daemon.h.
    private static let firstInherited: CInt = 3

    // MARK: - The protocol

    private func send(_ lines: [String]) {
        if isPresent { _ = csystemd_notify(lines.joined(separator: "\n"), nil, 0) }
    }

    /// A line break would begin another assignment.
    private static func statusLine(_ text: String) -> String {
        "STATUS=" + String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// A descriptor that the service manager handed over. It is closed when this object goes, unless it was taken.
final class InheritedDescriptor {
    /// As it was called when it was stored.
    let name: String
    private var descriptor: OwnedFileDescriptor?

    fileprivate init(name: String, adopting descriptor: consuming OwnedFileDescriptor) {
        self.name = name
        self.descriptor = consume descriptor
    }

    /// The descriptor, the first time; then `nil`.
    func take() -> OwnedFileDescriptor? {
        descriptor.take()
    }
}
