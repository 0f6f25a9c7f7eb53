internal import Glibc
internal import SystemPackage

/// The address of a socket in the file system, unix(7).
struct UnixSocketAddress {
    /// The longest path, in bytes: the kernel's `sun_path` has 108, the last of which is a NUL.
    static let longestPath = 107

    private var address = sockaddr_un()

    /// - Throws: ENAMETOOLONG; ENOENT for a path that cannot be one.
    init(path: String) throws(Errno) {
        let bytes = Array(path.utf8)
        guard bytes.count <= UnixSocketAddress.longestPath else { throw .fileNameTooLong }
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .noSuchFileOrDirectory }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    /// Calls `body` with the address as bind(2) and connect(2) take it.
    func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
