package import Cgroups
package import SystemPackage

/// Where a caller lives: what it may see of each hierarchy follows from it.
package struct OwnCgroups: Hashable, Sendable {
    /// Whether the caller is the host itself: in the daemon's pid namespace and in the root of every hierarchy. It sees everything.
    package let isHost: Bool
    /// The cgroup of the caller's container in each hierarchy of the layout; `nil` where it is not told.
    package let paths: [CgroupPath?]
    /// What names the caller's pid namespace, and no other one before or after it; `nil` for the daemon's own.
    package let namespace: [UInt8]?

    package init(isHost: Bool, paths: [CgroupPath?], namespace: [UInt8]? = nil) {
        self.isHost = isHost
        self.paths = paths
        self.namespace = namespace
    }

    /// The paths are long, and one of them says nearly everything.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(namespace)
        hasher.combine(paths.last)
    }
}

/// Finds out where a caller lives.
package protocol CallerIdentification: Sendable {
    /// The cgroups of the container that a thread belongs to.
    /// - Throws: whatever keeps it from being told for sure. Then the caller is shown nothing.
    func ownCgroups(ofThread thread: Int32) throws(Errno) -> OwnCgroups
}

/// What a caller sees of one hierarchy. All paths are relative to what is mounted.
enum Sight: Equatable, Sendable {
    /// All of it.
    case everything
    /// A cgroup, what is below it, and the way down to it.
    case cgroup([UInt8])
    /// The hierarchy's empty root: the caller is not confined in this hierarchy, or by a cgroup that is not mounted here.
    case nothing

    init(_ own: OwnCgroups, in hierarchy: TreeHierarchy) {
        if own.isHost {
            self = .everything
        } else if hierarchy.index < own.paths.count, let path = own.paths[hierarchy.index],
            let relative = path.relative(to: hierarchy.mountRoot), !relative.isEmpty
        {
            self = .cgroup(relative)
        } else {
            self = .nothing
        }
    }

    /// What a directory or file is to the caller.
    enum Standing: Equatable, Sendable {
        /// On the way down to the caller's cgroup, and no more than the next step of that way; `nil` where there is none.
        case above(next: [UInt8]?)
        /// The caller's cgroup or something in it.
        case within
        /// Nothing that there is.
        case outside
    }

    func standing(of path: [UInt8]) -> Standing {
        switch self {
        case .everything: return .within
        case .nothing: return path.isEmpty ? .above(next: nil) : .outside
        case .cgroup(let own):
            if path == own || path.starts(with: own + [Sight.slash]) { return .within }
            guard path.isEmpty || own.starts(with: path + [Sight.slash]) else { return .outside }
            let rest = own.dropFirst(path.isEmpty ? 0 : path.count + 1)
            return .above(next: Array(rest.prefix { $0 != Sight.slash }))
        }
    }

    static let slash = UInt8(ascii: "/")
}
