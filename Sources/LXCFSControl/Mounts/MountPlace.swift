extension Mount {
    /// Whether something else that is mounted at this place in the container and this mount cannot both be there as somebody wants them: it is the same
    /// place, or one lies in the other.
    package func collides(with place: String) -> Bool {
        MountPlace.overlap(MountPlace.parts(of: destination), MountPlace.parts(of: place))
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

    /// Whether two places, as `parts` gives them, are the same, or one lies in the other.
    package static func overlap(_ one: [Substring], _ other: [Substring]) -> Bool { one.starts(with: other) || other.starts(with: one) }
}
