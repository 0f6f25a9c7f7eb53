/// The command line of lxcfs-runtime as a hook of the stage createContainer (OCI runtime-spec), which mounts what the runtime itself does not.
package enum HookArguments {
    package static let word = "--lxcfs-hook"
    /// The same, and the container does not start where it fails.
    package static let requiredWord = "--lxcfs-hook=required"
    /// In place of the root, where it is not known before: the container's state on standard input leads to it.
    package static let rootOfState = "-"

    /// - Parameter root: the folder that becomes the container's root.
    package static func words(root: String, _ mounts: [Mount], isRequired: Bool = false) -> [String] {
        ["lxcfs-runtime", isRequired ? requiredWord : word, root] + mounts.flatMap { [$0.source, $0.destination] }
    }
}

/// Mounts that a hook is to make.
package struct HookedMounts: Sendable, Equatable {
    package var mounts: [Mount]
    /// lxcfs-runtime, where it lies for the runtime.
    package var program: String

    package init(mounts: [Mount] = [], program: String = HookedMounts.usualProgram) {
        self.mounts = mounts
        self.program = program
    }

    package static let usualProgram = "/usr/bin/lxcfs-runtime"
}
