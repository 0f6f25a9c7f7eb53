internal import CFuse3
internal import Glibc
package import LinuxSystem
internal import SystemPackage

/// A file system's line to the kernel: the open /dev/fuse, the request that the kernel began with, and where it is mounted.
///
/// It is there without anyone serving it, and outlives its sessions: until it is closed by the last process that has it, questions wait.
package final class Connection: Sendable {
    private let device: OwnedFileDescriptor
    /// The kernel's first request.
    package let initRequest: InitRequest
    /// Where it was mounted; nil for a connection whose mount is someone else's to take away.
    package let mount: Mount?
    /// How many dead mounts of a predecessor were detached to make place.
    package let detachedMounts: Int

    /// A place in the tree, and what is there.
    package struct Mount: Sendable, Equatable {
        /// Absolute, without symbolic links.
        package let path: String
        /// The file system's device as mountinfo shows it, `major:minor`.
        package let device: String

        package init(path: String, device: String) {
            self.path = path
            self.device = device
        }

        /// Detaches it, if it is still what is seen at its place. What is open or bound elsewhere lives on as long as the connection is served.
        /// - Returns: whether it was there.
        @discardableResult package func detach() throws(MountError) -> Bool {
            guard let entry = MountPoint.topmost(at: path), entry.type == MountPoint.type, entry.device == device else { return false }
            guard umount2(path, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) == 0 else {
                throw .failed(mountPoint: path, Errno(rawValue: errno))
            }
            return true
        }
    }

    /// Mounts on a directory, which need not be empty, as a shared mount, so that what is bound from it can be replaced in containers later.
    ///
    /// A dead mount of a predecessor is detached first. The kernel's first request is read and answered here.
    package init(mountingAt path: String, options: MountOptions = MountOptions()) throws(MountError) {
        let mountPoint = try MountPoint(path)
        let device = try Connection.openDevice()
        try Connection.mount(device.rawValue, on: mountPoint.path, options)
        detachedMounts = mountPoint.detachedMounts
        do throws(MountError) {
            guard Glibc.mount(nil, mountPoint.path, nil, UInt(MS_SHARED), nil) == 0 else {
                throw MountError.failed(mountPoint: path, Errno(rawValue: errno))
            }
            guard let entry = MountPoint.topmost(at: mountPoint.path), entry.type == MountPoint.type else {
                throw MountError.failed(mountPoint: path, .noSuchFileOrDirectory)
            }
            mount = Mount(path: mountPoint.path, device: entry.device)
            initRequest = try Connection.answerInit(device.rawValue, path)
        } catch {
            umount2(mountPoint.path, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW))
            throw error
        }
        self.device = device
    }

    /// The mount of a file system of this type that is seen at a path, if one is. Asks the table of mounts only: nobody need serve it.
    package static func mount(at path: String) -> Mount? {
        guard let canonical = try? MountPoint.canonical(path), let entry = MountPoint.topmost(at: canonical), entry.type == MountPoint.type
        else { return nil }
        return Mount(path: canonical, device: entry.device)
    }

    /// Takes over a connection that someone else made: its /dev/fuse, and the INIT request that came first on it and has been answered.
    package init(adopting device: consuming OwnedFileDescriptor, initRequest: InitRequest, mount: Mount?) {
        self.device = device
        self.initRequest = initRequest
        self.mount = mount
        detachedMounts = 0
    }

    /// The number of the open /dev/fuse, to be inherited by another process; it stays this connection's to close.
    package var descriptor: CInt { device.rawValue }

    /// Whether the kernel still asks on it: false when everything that was mounted from it is gone, or it was aborted.
    /// Asks nobody who serves.
    package var isAlive: Bool {
        var state = pollfd(fd: device.rawValue, events: 0, revents: 0)
        return poll(&state, 1, 0) == 0
    }

    /// Detaches the mount, if there is one to be taken away.
    /// - Returns: whether it was there.
    @discardableResult package func unmount() throws(MountError) -> Bool { try mount?.detach() ?? false }

    /// Asks the kernel to hand out again every request that has been received and not answered (FUSE_NOTIFY_RESEND, Linux 6.9): for a connection
    /// whose request slots are lost. Nobody may be serving it.
    /// - Returns: whether the kernel knows how.
    package func askToResend() -> Bool {
        // The kernel's number of this notification; headers before Linux 6.9 do not have it.
        send(unique: 0, code: 7)
    }

    /// Answers a request with an error, past libfuse. Nobody is told when the kernel does not know it any more.
    func refuse(_ unique: UInt64, _ error: Errno) {
        // fuse_request_find() compares all bits: a request that was handed out again since it was received has the highest one now.
        if !send(unique: unique, code: -error.rawValue) { _ = send(unique: unique ^ RequestSummary.resendBit, code: -error.rawValue) }
    }

    /// Writes a message that is a header alone.
    private func send(unique: UInt64, code: Int32) -> Bool {
        var header = fuse_out_header()
        header.len = UInt32(MemoryLayout<fuse_out_header>.size)
        header.error = code
        header.unique = unique
        return Glibc.write(device.rawValue, &header, MemoryLayout<fuse_out_header>.size) == MemoryLayout<fuse_out_header>.size
    }

    private static func openDevice() throws(MountError) -> OwnedFileDescriptor {
        do {
            return try OwnedFileDescriptor.open("/dev/fuse", O_RDWR)
        } catch .noSuchFileOrDirectory, .noSuchAddressOrDevice, .operationNotSupportedByDevice {
            throw .noDevice
        } catch {
            throw .deviceUnusable(error)
        }
    }

    private static func mount(_ device: CInt, on path: String, _ options: MountOptions) throws(MountError) {
        let own = ["fd=\(device)", "rootmode=40555", "user_id=0", "group_id=0", "allow_other"]
        let data = (own + options.data).joined(separator: ",")
        guard Glibc.mount(options.source, path, MountPoint.type, options.flags, data) == 0 else {
            let error = Errno(rawValue: errno)
            throw error == .notPermitted || error == .permissionDenied ? .notPermitted(mountPoint: path) : .failed(mountPoint: path, error)
        }
    }

    /// The kernel has put INIT into the queue before mount(2) returned.
    private static func answerInit(_ device: CInt, _ path: String) throws(MountError) -> InitRequest {
        var buffer = [UInt8](repeating: 0, count: InitRequest.receiveBufferLength)
        var count: Int
        repeat {
            count = Glibc.read(device, &buffer, buffer.count)
        } while count < 0 && Errno(rawValue: errno) == .interrupted
        guard count > 0, let request = InitRequest(Array(buffer.prefix(count))) else { throw .noHandshake(mountPoint: path) }
        let answer = request.answer
        guard Glibc.write(device, answer, answer.count) == answer.count else { throw .noHandshake(mountPoint: path) }
        return request
    }
}
