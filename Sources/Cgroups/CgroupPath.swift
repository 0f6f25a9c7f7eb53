/// The path of a cgroup inside its hierarchy as /proc/PID/cgroup writes it: absolute, `/` for the root, `/docker/4f5a`.
///
/// Bytes, not characters: a name need not be UTF-8, two that look the same are two cgroups, and a name may begin with an accent that would make
/// one character with the slash before it.
package struct CgroupPath: Hashable, Sendable, CustomStringConvertible {
    /// The path: starts with a slash, ends with one only if it is the root.
    package let bytes: [UInt8]

    /// The root of every hierarchy.
    package static let root = CgroupPath("/")

    /// Levels that are told apart. What lies deeper belongs to the cgroup of this level: so nobody who may make cgroups decides how much
    /// is read and kept open for one container.
    package static let mostLevels = 64

    /// A path; a missing first slash is added, trailing ones are dropped.
    package init(_ text: String) {
        self.init([UInt8](text.utf8)[...])
    }

    /// The same from bytes.
    package init(_ bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        while bytes.count > 1, bytes.last == CgroupPath.slash { bytes.removeLast() }
        self.bytes = bytes.first == CgroupPath.slash ? Array(bytes) : [CgroupPath.slash] + bytes
    }

    /// The path for people; what is no UTF-8 is replaced.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { text }

    /// Whether this is the hierarchy's root.
    package var isRoot: Bool { bytes.count == 1 }

    /// The enclosing cgroup, `nil` for the root.
    package var parent: CgroupPath? {
        guard !isRoot, let slash = bytes.lastIndex(of: CgroupPath.slash) else { return nil }
        return slash == 0 ? .root : CgroupPath(bytes[..<slash])
    }

    /// The cgroup of that name right below this one.
    package func appending(_ name: [UInt8]) -> CgroupPath {
        CgroupPath((isRoot ? bytes + name : bytes + [CgroupPath.slash] + name)[...])
    }

    /// Whether this is `other` or lies below it. `/lxc/c10` does not lie below `/lxc/c1`.
    package func isAtOrBelow(_ other: CgroupPath) -> Bool {
        other.isRoot || bytes == other.bytes || bytes.starts(with: other.bytes + [CgroupPath.slash])
    }

    /// The path without a last component `init.scope`: where systemd as a container's init puts itself is not the container.
    package var removingInitScope: CgroupPath {
        bytes.suffix(CgroupPath.initScope.count).elementsEqual(CgroupPath.initScope) ? parent ?? self : self
    }

    /// The cgroup itself, or its ancestor on level `mostLevels`.
    var withinMostLevels: CgroupPath {
        var levels = 0
        for index in bytes.indices where bytes[index] == CgroupPath.slash {
            if levels == CgroupPath.mostLevels { return CgroupPath(bytes[..<index]) }
            levels += 1
        }
        return self
    }

    /// The path relative to the directory that is mounted from `mountRoot`, without a leading slash; `nil` where it lies outside, as
    /// the cgroups that the reader's cgroup namespace does not hold do (`/../other`).
    package func relative(to mountRoot: CgroupPath) -> [UInt8]? {
        guard isAtOrBelow(mountRoot) else { return nil }
        let relative = bytes.dropFirst(mountRoot.isRoot ? 1 : mountRoot.bytes.count + 1)
        return relative.starts(with: CgroupPath.outside) && (relative.count == 2 || relative.dropFirst(2).first == CgroupPath.slash)
            ? nil : Array(relative)
    }

    private static let slash = UInt8(ascii: "/")
    private static let initScope = [UInt8]("/init.scope".utf8)
    private static let outside = [UInt8]("..".utf8)
}
