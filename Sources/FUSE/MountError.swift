package import SystemPackage

/// Why the file system is not mounted. Each description is one sentence that ends with what to do.
package enum MountError: Error, Equatable, CustomStringConvertible {
    /// /dev/fuse is not there.
    case noDevice
    /// /dev/fuse cannot be opened.
    case deviceUnusable(Errno)
    /// EPERM.
    case notPermitted(mountPoint: String)
    /// The mount point is not there.
    case missing(mountPoint: String)
    /// The mount point is a file.
    case notADirectory(mountPoint: String)
    /// The mount point cannot be reached.
    case unreachable(mountPoint: String, Errno)
    /// A file system of this type is mounted there and answers.
    case alreadyMounted(mountPoint: String)
    /// Something else, that is dead, is mounted there.
    case coveredByDeadMount(mountPoint: String, type: String)
    /// A mount option that neither the kernel nor this program knows, or that is not the user's to choose.
    case unknownOption(String)
    /// mount(2) or umount2(2) failed.
    case failed(mountPoint: String, Errno)
    /// The first message on the connection is not the kernel's FUSE_INIT, or it does not take the answer.
    case noHandshake(mountPoint: String)

    package var description: String {
        switch self {
        case .noDevice:
            "There is no /dev/fuse: load the kernel module with `modprobe fuse`, or give the device to the container that lxcfs runs in."
        case .deviceUnusable(let error):
            "/dev/fuse cannot be opened (\(error)): run lxcfs as root, and allow it the device 10:229 if it runs in a container."
        case .notPermitted(let mountPoint):
            "Mounting on \(mountPoint) is not permitted: run lxcfs as root with the capability CAP_SYS_ADMIN."
        case .missing(let mountPoint):
            "The mount point \(mountPoint) does not exist: create it with `mkdir -p \(mountPoint)`."
        case .notADirectory(let mountPoint):
            "The mount point \(mountPoint) is not a directory: name a directory."
        case .unreachable(let mountPoint, let error):
            "The mount point \(mountPoint) cannot be reached (\(error)): name a directory that can."
        case .alreadyMounted(let mountPoint):
            "An lxcfs that is alive is mounted on \(mountPoint): stop it first, or name another directory."
        case .coveredByDeadMount(let mountPoint, let type):
            "A dead file system of type \(type), which is none of ours, covers \(mountPoint): detach it with `umount -l \(mountPoint)`."
        case .unknownOption(let option):
            "The mount option \(option) is not known: leave it out."
        case .failed(let mountPoint, let error):
            "Mounting on \(mountPoint) failed (\(error)): see the kernel log, and check the mount options."
        case .noHandshake(let mountPoint):
            "The kernel did not begin the FUSE protocol on \(mountPoint) as expected: lxcfs needs a kernel with FUSE 7.23 or later."
        }
    }
}
