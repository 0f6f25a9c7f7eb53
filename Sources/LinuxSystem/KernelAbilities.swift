internal import CLinux
internal import Glibc
internal import SystemPackage

/// What this kernel can do for this process, tried and not concluded from its version.
package enum KernelAbilities {
    /// pidfd_open(2), Linux 5.3.
    package static var hasProcessDescriptors: Bool { (try? ProcessDescriptor(pid: ProcessIdentity.pid)) != nil }

    /// ioctl NS_GET_PID_FROM_PIDNS, Linux 6.12.
    package static var translatesPIDs: Bool {
        guard let namespace = try? OwnedFileDescriptor.open("/proc/self/ns/pid", O_RDONLY) else { return false }
        return clinux_knows_namespace_init(namespace.rawValue) != 0
    }

    /// open_tree(2), Linux 5.2, and the right to use it.
    package static var clonesMounts: Bool {
        let tree = clinux_open_tree_clone("/proc")
        guard tree >= 0 else { return false }
        _ = OwnedFileDescriptor(adopting: tree)
        return true
    }

    /// move_mount(2), Linux 5.2, and mount_setattr(2), 5.12.
    package static var movesMounts: Bool { clinux_can_move_mounts() != 0 }
}
