extension Mount {
    /// Whether something else that is mounted at this place in the container and this mount cannot both be there as somebody wants them: it is the same
    /// place, or one lies in the other.
    package func collides(with place: String) -> Bool {
        let own = MountPlace.parts(of: destination)
        let other = MountPlace.parts(of: place)
        return own.starts(with: other) || other.starts(with: own)
    }
}

/// A place in a container, as a person or an engine writes it.
package enum MountPlace {
    /// The names in an absolute path, without what means nothing: `/sys//devices/./x/..` is `sys`, `devices`.
    package static func parts(of path: String) -> [Substring] {
        var parts: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name == ".." { _ = parts.popLast() } else { parts.append(name) }
        }
        return parts
    }
}
