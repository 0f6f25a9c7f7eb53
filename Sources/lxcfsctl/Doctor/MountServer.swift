internal import LXCFSControl

/// Who serves the mount point where nobody answers at the socket.
enum MountServer: Equatable {
    /// The C program of the same name.
    case predecessor(pid: Int64)
    /// A daemon with another socket.
    case elsewhere(socket: String)
    /// A daemon without a socket, or whose socket was removed.
    case mute(pid: Int64)
}

/// A process called lxcfs that was started for the mount point.
struct ServingProcess {
    let pid: Int64
    /// With the program.
    let arguments: [String]

    var isWorker: Bool { arguments.contains("--worker") }

    /// The control socket of a daemon of ours; `nil` where it was started without one.
    var socket: String? {
        if let named = value(of: "--control-socket") { return named == "none" ? nil : named }
        return value(of: "--runtime-dir").map { $0 + "/" + ControlInterface.socketInRuntimeDirectory } ?? ControlInterface.usualSocket
    }

    private func value(of option: String) -> String? {
        guard let index = arguments.firstIndex(where: { $0 == option || $0.hasPrefix(option + "=") }) else { return nil }
        if arguments[index] != option { return String(arguments[index].dropFirst(option.count + 1)) }
        return index + 1 < arguments.count ? arguments[index + 1] : nil
    }
}

extension Scene {
    /// All of them but the daemon's own.
    var strangers: [ServingProcess] {
        let own = Set(status?.processes.map(\.pid) ?? [])
        return host.names(in: "/proc").compactMap { name in
            guard let pid = Int64(name), !own.contains(pid), host.text(of: "/proc/\(pid)/comm") == "lxcfs\n" else { return nil }
            // A process that is stuck may keep whoever reads its command line waiting.
            let words = (host.patientText(of: "/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
            guard words.dropFirst().contains(where: { Path.isSame($0, as: mountPoint) }) else { return nil }
            return ServingProcess(pid: pid, arguments: words)
        }
    }

    /// `nil` where it is not seen.
    var mountServer: MountServer? {
        guard let process = strangers.first(where: { !$0.isWorker }), let maps = host.patientText(of: "/proc/\(process.pid)/maps") else {
            return nil
        }
        // The C program has all that it does in a library, which it loads.
        if maps.contains("/liblxcfs.so") { return .predecessor(pid: process.pid) }
        guard let other = process.socket, other != socket else { return .mute(pid: process.pid) }
        return .elsewhere(socket: other)
    }
}
