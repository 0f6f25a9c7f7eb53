internal import CFuse3

/// FUSE_INIT: the kernel's first request on a connection, in which it says what it can do.
///
/// The kernel sends it once, but every server of the connection needs it. So it is kept, and answered here and not by libfuse: what is negotiated
/// is then the same whatever the version of libfuse, and each libfuse session is shown a request that offers just that.
package struct InitRequest: Sendable {
    /// The request as the kernel sent it, to be kept for successors.
    package let bytes: [UInt8]
    private let header: fuse_in_header
    private let offer: fuse_init_in

    /// The most bytes that one WRITE brings. The kernel divides what is longer, and nearly every file of a cgroup refuses what is longer than 4096 bytes (E2BIG):
    /// so one WRITE must be able to be longer than that, or such a text would be taken in parts.
    ///
    /// The connection of an older version keeps what that one answered, 4096.
    static let maximumWrite: UInt32 = 8000

    /// The length of a receive buffer. The kernel fills none that is shorter than FUSE_MIN_READ_BUFFER, or has no room for the longest WRITE behind
    /// two structures of 40 bytes, `fuse_in_header` and `fuse_write_in`. It never changes: servers of all versions receive into the same memory.
    static let receiveBufferLength = 8192

    /// The protocol that is spoken at most. Nothing that came later is used, and a newer header must not change what is said.
    private static let minorVersion: UInt32 = 31

    /// What is taken where the kernel offers it: O_TRUNC arrives with OPEN, and lookups in one directory do not wait for each other.
    ///
    /// Not taken, with reasons: NO_OPEN_SUPPORT and NO_OPENDIR_SUPPORT (what is opened without being asked is cached, and one container's text or listing
    /// shown to another), DO_READDIRPLUS (it would ask for every file's length), MAX_PAGES (the default, 32 pages, is 128 KiB a read),
    /// POSIX_LOCKS and FLOCK_LOCKS (the kernel does them alone), WRITEBACK_CACHE, SPLICE, DIRECT_IO_ALLOW_MMAP (a shared mmap fails as it does in procfs).
    private static let wanted = UInt32(FUSE_ATOMIC_O_TRUNC) | UInt32(FUSE_BIG_WRITES) | UInt32(FUSE_PARALLEL_DIROPS)

    /// Nil for anything but an INIT of protocol 7.
    package init?(_ bytes: [UInt8]) {
        let headerLength = MemoryLayout<fuse_in_header>.size
        guard bytes.count > headerLength else { return nil }
        header = InitRequest.load(bytes, from: 0, fuse_in_header())
        offer = InitRequest.load(bytes, from: headerLength, fuse_init_in())
        guard header.len == bytes.count, header.opcode == FUSE_INIT.rawValue, offer.major == FUSE_KERNEL_VERSION, offer.minor >= 23 else {
            return nil
        }
        self.bytes = bytes
    }

    /// FUSE_HAS_RESEND: whether the kernel hands out again, when it is asked to, what has been received and not answered. Linux 6.9.
    package var offersResending: Bool { offer.flags & UInt32(FUSE_INIT_EXT) != 0 && offer.flags2 & (1 << 7) != 0 }

    private var minor: UInt32 { min(offer.minor, InitRequest.minorVersion) }
    private var flags: UInt32 { offer.flags & InitRequest.wanted }

    /// What the kernel is told.
    var answer: [UInt8] {
        var content = fuse_init_out()
        content.major = UInt32(FUSE_KERNEL_VERSION)
        content.minor = minor
        // Nothing is read ahead: a read that fills the page cache is refused in any case.
        content.max_readahead = 0
        content.flags = flags
        content.max_background = 12
        content.congestion_threshold = 9
        content.max_write = InitRequest.maximumWrite
        content.time_gran = 1
        var answer = fuse_out_header()
        answer.len = UInt32(MemoryLayout<fuse_out_header>.size + MemoryLayout<fuse_init_out>.size)
        answer.unique = header.unique
        return InitRequest.bytes(of: answer) + InitRequest.bytes(of: content)
    }

    /// What a libfuse session is told: that the kernel offers what was negotiated, and nothing else.
    var restricted: [UInt8] {
        var content = fuse_init_in()
        content.major = UInt32(FUSE_KERNEL_VERSION)
        content.minor = minor
        content.flags = flags
        var request = header
        request.len = UInt32(MemoryLayout<fuse_in_header>.size + MemoryLayout<fuse_init_in>.size)
        return InitRequest.bytes(of: request) + InitRequest.bytes(of: content)
    }

    /// A structure from its bytes; what the bytes do not reach keeps its value. Older kernels send shorter structures.
    private static func load<Structure: BitwiseCopyable>(_ bytes: [UInt8], from start: Int, _ empty: Structure) -> Structure {
        var structure = empty
        withUnsafeMutableBytes(of: &structure) { target in
            target.copyBytes(from: bytes.dropFirst(start).prefix(target.count))
        }
        return structure
    }

    private static func bytes(of structure: some BitwiseCopyable) -> [UInt8] {
        withUnsafeBytes(of: structure) { Array($0) }
    }
}
