internal import FUSE
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// How the mount is, as the table of mounts and the connection tell it. The mount itself is never touched: whoever asks it waits for this
/// very process, and might wait for himself.
struct MountHealth {
    /// What is wrong.
    enum Fault: Equatable {
        /// It is not in the table of mounts.
        case gone
        /// Something else is mounted over it.
        case covered(type: String)
        /// The kernel asks nothing any more.
        case dead
        /// The table of mounts cannot be read.
        case unknown
    }

    /// Where it is, without symbolic links where the table of mounts says so.
    let path: String
    let device: String
    let isShared: Bool
    let fault: Fault?

    /// - Parameters:
    ///   - path: where it was mounted, as the operator wrote it.
    ///   - device: the file system's.
    ///   - isConnected: whether the kernel still asks.
    init(of device: String, at path: String, isConnected: Bool, _ host: HostFilesystem) {
        self.device = device
        var text = InputText(capacity: 65536)
        let isRead = (try? host.proc.read("self/mountinfo", into: &text)) != nil
        let table = MountTable(text, device: device, mountPoint: path)
        // With symbolic links in its path it is where the whole of it is mounted.
        let wholes = table.entries.filter { $0.device == device && $0.root == "/" }
        let place = wholes.contains { $0.mountPoint == path } ? path : wholes.first?.mountPoint ?? path
        self.path = place
        let seen = MountTable(text, device: device, mountPoint: place).mounts(at: place).last
        isShared = seen?.propagation.contains { $0.hasPrefix("shared:") } ?? false
        if !isRead {
            fault = .unknown
        } else if wholes.isEmpty {
            fault = .gone
        } else if let seen, seen.device != device {
            fault = .covered(type: seen.type)
        } else if !isConnected {
            fault = .dead
        } else {
            fault = nil
        }
    }

    /// As it goes over the wire.
    var mountPoint: MountPoint { MountPoint(path: path, device: device, isAlive: fault == nil, isShared: isShared) }

    /// What to tell of the fault.
    func problem(_ commands: ServiceCommands) -> Problem? {
        switch fault {
        case nil: nil
        case .gone:
            Problem(
                text: "nothing is mounted at \(path) any more; containers that have it bound are served on",
                remedy: commands.restart)
        case .covered(let type):
            Problem(
                text: "a file system of type \(type) is mounted over \(path): containers that are started now do not get lxcfs",
                remedy: "umount \(path)")
        case .dead: Problem(text: "the kernel asks nothing of the mount at \(path) any more", remedy: commands.restart)
        case .unknown:
            Problem(text: "/proc/self/mountinfo cannot be read", remedy: "look for what denies it: mounts over /proc, or a lack of memory")
        }
    }
}
