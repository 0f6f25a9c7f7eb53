/// `-v SOURCE:DESTINATION:rw`, all on one line.
///
/// rw, although nobody can write to lxcfs: with ro, runc 1.1 mounts anew without nosuid and nodev, which fails in a user namespace.
/// No propagation: what a restart of both of lxcfs's processes leaves dead is replaced by `lxcfsctl repair`, and the engine's own `rprivate` asks
/// nothing of the mount that lxcfs lies on.
enum DockerVolumes {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        try ArgumentWords.line(DockerVolumes.words(mounts, .docker, options: "rw"))
    }

    /// Docker and Podman part the three at colons, and know no way to write one.
    static func words(_ mounts: [Mount], _ format: MountFormat, options: String) throws(MountListError) -> [String] {
        var words: [String] = []
        for mount in mounts {
            let source = try ArgumentWords.word(mount.source, in: format, separators: [":"])
            let destination = try ArgumentWords.word(mount.destination, in: format, separators: [":"])
            words += ["-v", "\(source):\(destination):\(options)"]
        }
        return words
    }
}
