internal import Glibc

/// Paths as the kernel takes them.
package enum RealPath {
    /// realpath(3): absolute, with no symbolic link in it; `nil` where nothing is there.
    package static func of(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
