package import Cgroups
package import HostProc

/// A file whose text depends on the container that reads it.
package protocol View: Sendable {
    /// Appends the file's whole text, as `container` shall see it now, to `context.output`.
    func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError)
}

/// Why a view could not be rendered. The daemon then serves the last good text of this container, else the host's file.
package enum ViewError: Error, CustomStringConvertible {
    /// A cgroup file is there but unreadable.
    case cgroup(CgroupError)
    /// A file of the host is unreadable.
    case host(HostFileError)
    /// A file of the host does not look as the kernel writes it.
    case malformed(path: StaticString)

    package var description: String {
        switch self {
        case .cgroup(let error): error.description
        case .host(let error): error.description
        case .malformed(let path): "the host's \(path) is not in the format the kernel writes"
        }
    }
}
