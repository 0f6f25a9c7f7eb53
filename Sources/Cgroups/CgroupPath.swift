/// The path of a cgroup inside its hierarchy as /proc/PID/cgroup writes it: absolute, `/` for the root, `/docker/4f5a`.
package struct CgroupPath: Hashable, Sendable, CustomStringConvertible {
    /// The path's text: starts with a slash, ends with one only if it is the root.
    package let text: String

    /// The root of every hierarchy.
    package static let root = CgroupPath("/")

    /// A path; a missing first slash is added, trailing ones are dropped.
    package init(_ text: String) {
        var bytes = Substring(text)
        while bytes.count > 1, bytes.hasSuffix("/") { bytes.removeLast() }
        self.text = bytes.hasPrefix("/") ? String(bytes) : "/" + bytes
    }

    package var description: String { text }

    /// Whether this is the hierarchy's root.
    package var isRoot: Bool { text == "/" }

    /// The enclosing cgroup, `nil` for the root.
    package var parent: CgroupPath? {
        guard !isRoot, let slash = text.lastIndex(of: "/") else { return nil }
        return slash == text.startIndex ? .root : CgroupPath(String(text[..<slash]))
    }

    /// Whether this is `other` or lies below it. `/lxc/c10` does not lie below `/lxc/c1`.
    package func isAtOrBelow(_ other: CgroupPath) -> Bool {
        other.isRoot || text == other.text || text.hasPrefix(other.text + "/")
    }

    /// The path without a last component `init.scope`: where systemd as a container's init puts itself is not the container.
    package var removingInitScope: CgroupPath {
        text.hasSuffix("/init.scope") ? parent ?? self : self
    }

    /// The path relative to the directory that is mounted from `mountRoot`, without a leading slash; `nil` where it lies outside.
    package func relative(to mountRoot: CgroupPath) -> String? {
        guard isAtOrBelow(mountRoot) else { return nil }
        return String(text.dropFirst(mountRoot.isRoot ? 1 : mountRoot.text.count + 1))
    }
}
