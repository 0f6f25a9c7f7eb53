internal import CFuse3
internal import LinuxSystem

/// How the process that served a connection before has ended.
package enum PredecessorEnd: Sendable, Equatable {
    /// It has finished what it had; or there was none.
    case handedOver
    /// By SIGKILL, from outside.
    case killed
    /// By a fault of its own.
    case crashed
    /// It was ended because it was stuck with a request; `RequestWatch.blame` says with which.
    case stuck
}

/// What a session found in the slots of a predecessor.
package struct Inheritance: Sendable, Equatable {
    /// Requests that wait, to be answered when the session starts.
    package var waiting = 0
    /// Requests that were given up; each has been reported as `SessionEvent.condemned`.
    package var condemned = 0
    /// Where the slots are new: whether the kernel hands out again what was received before (Linux 6.9). Nil where they are not.
    package var isResent: Bool?

    package init() {}
}

/// A request that was answered EIO without being tried again.
package struct CondemnedRequest: Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case crashed(workers: Int)
        case killed(workers: Int)
        case stuck(workers: Int)
        /// What the slot holds is no request of the kernel.
        case damaged
    }

    package let request: RequestSummary
    /// The number of the slot, which is that of the thread.
    package let slot: Int
    package let reason: Reason

    package var description: String {
        let cause =
            switch reason {
            case .crashed(let workers): "\(workers) workers crashed on it"
            case .killed(let workers): "\(workers) workers were killed while they had it"
            case .stuck(let workers): "\(workers) workers were stuck with it"
            case .damaged: "it has been damaged"
            }
        return "\(request), in slot \(slot), is answered EIO: \(cause)"
    }
}

/// What is to be done with a request that was found in a slot. Unlike what the kernel has just written there, it is not trusted: libfuse believes
/// every length and looks for the end of every name.
enum InheritedRequest {
    /// It can be processed like one that has just come.
    case whole
    /// Nobody waits for an answer, and nothing is left to do.
    case needsNothing
    /// FUSE does not know it, or not here.
    case unsupported
    /// It is no request as the kernel makes them.
    case damaged

    init(_ buffer: SharedRegion) {
        let length = Int(buffer.load32(at: 0))
        let unique = RequestSummary.id(ofUnique: buffer.load64(at: 8))
        let opcode = buffer.load32(at: 4)
        guard unique != 0, opcode != 0 else {
            self = .needsNothing
            return
        }
        switch fuse_opcode(opcode) {
        case FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_INTERRUPT, FUSE_NOTIFY_REPLY:
            // Node ids are constants, and no request is interrupted.
            self = .needsNothing
        case FUSE_INIT, FUSE_DESTROY, CUSE_INIT:
            // The connection's, not the session's. The second does not come here at all: it is for block devices.
            self = .damaged
        default:
            // The lowest bit is that of an INTERRUPT, which nobody waits for.
            if unique & 1 != 0 {
                self = .needsNothing
            } else if let arguments = InheritedRequest.arguments(of: fuse_opcode(opcode)) {
                self = arguments.fit(buffer, length) ? .whole : .damaged
            } else {
                self = .unsupported
            }
        }
    }

    /// What follows a header: a structure, names, and bytes.
    private struct Arguments {
        let structure: Int
        let names: Int
        var bytes = Bytes.none

        /// What follows structure and names.
        enum Bytes {
            case none
            /// As many as there are.
            case any
            /// As many as `fuse_write_in` says.
            case written
        }

        func fit(_ buffer: SharedRegion, _ length: Int) -> Bool {
            let header = MemoryLayout<fuse_in_header>.size
            let start = header + structure
            guard length >= start, length <= buffer.count, isCopied(buffer, length) else { return false }
            let rest = buffer.array(in: start..<length)
            switch bytes {
            case .written: return Int(buffer.load32(at: header + Arguments.writtenSize)) == rest.count
            case .any: return rest.lazy.filter { $0 == 0 }.prefix(names).count == names
            case .none: return names == 0 || (rest.last == 0 && rest.lazy.filter { $0 == 0 }.count == names)
            }
        }

        /// Where the number of bytes is in `fuse_write_in`.
        private static let writtenSize = MemoryLayout<fuse_write_in>.offset(of: \.size) ?? 16

        /// Whether the kernel has copied every page of a long request. It can break off only between pages, and answers EIO itself then; what it has not
        /// copied is zero. What only looks like that is not done either: nobody is told that it was.
        private func isCopied(_ buffer: SharedRegion, _ length: Int) -> Bool {
            stride(from: SlotLayout.pageSize, to: length, by: SlotLayout.pageSize).allSatisfy { start in
                buffer.array(in: start..<min(start + SlotLayout.pageSize, length)).contains { $0 != 0 }
            }
        }
    }

    /// Those that libfuse processes; the rest it answers ENOSYS.
    private static func arguments(of opcode: fuse_opcode) -> Arguments? {
        switch opcode {
        case FUSE_LOOKUP, FUSE_UNLINK, FUSE_RMDIR, FUSE_REMOVEXATTR: Arguments(structure: 0, names: 1)
        case FUSE_SYMLINK: Arguments(structure: 0, names: 2)
        case FUSE_READLINK, FUSE_STATFS: Arguments(structure: 0, names: 0)
        case FUSE_GETATTR: of(fuse_getattr_in())
        case FUSE_SETATTR: of(fuse_setattr_in())
        case FUSE_MKNOD: of(fuse_mknod_in(), names: 1)
        case FUSE_MKDIR: of(fuse_mkdir_in(), names: 1)
        case FUSE_RENAME: of(fuse_rename_in(), names: 2)
        case FUSE_RENAME2: of(fuse_rename2_in(), names: 2)
        case FUSE_LINK: of(fuse_link_in(), names: 1)
        case FUSE_OPEN, FUSE_OPENDIR: of(fuse_open_in())
        case FUSE_READ, FUSE_READDIR, FUSE_READDIRPLUS: of(fuse_read_in())
        case FUSE_WRITE: Arguments(structure: MemoryLayout<fuse_write_in>.size, names: 0, bytes: .written)
        case FUSE_RELEASE, FUSE_RELEASEDIR: of(fuse_release_in())
        case FUSE_FSYNC, FUSE_FSYNCDIR: of(fuse_fsync_in())
        // Without FUSE_SETXATTR_EXT, which is not negotiated, the structure ends after its first two numbers.
        case FUSE_SETXATTR: Arguments(structure: 8, names: 1, bytes: .any)
        case FUSE_GETXATTR: of(fuse_getxattr_in(), names: 1)
        case FUSE_LISTXATTR: of(fuse_getxattr_in())
        case FUSE_FLUSH: of(fuse_flush_in())
        case FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW: of(fuse_lk_in())
        case FUSE_ACCESS: of(fuse_access_in())
        case FUSE_CREATE: of(fuse_create_in(), names: 1)
        case FUSE_BMAP: of(fuse_bmap_in())
        case FUSE_IOCTL: of(fuse_ioctl_in())
        case FUSE_POLL: of(fuse_poll_in())
        case FUSE_FALLOCATE: of(fuse_fallocate_in())
        case FUSE_LSEEK: of(fuse_lseek_in())
        case FUSE_COPY_FILE_RANGE: of(fuse_copy_file_range_in())
        default: nil
        }
    }

    private static func of<Structure: BitwiseCopyable>(_: Structure, names: Int = 0) -> Arguments {
        Arguments(structure: MemoryLayout<Structure>.size, names: names)
    }
}
