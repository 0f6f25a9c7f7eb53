/// Docker's `-v`, with the options of the mount that Docker does not let one say: `bind`, where Podman alone would take what is mounted below
/// the folders with them, nosuid, nodev and noexec.
enum PodmanVolumes {
    /// All that `podman run -v` knows.
    private static let known: Set<String> = ["rw", "ro", "nosuid", "nodev", "noexec", "bind"]

    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var words: [String] = []
        for mount in mounts {
            words += try DockerVolumes.words([mount], .podman, options: options(of: mount))
        }
        return ArgumentWords.line(words)
    }

    /// `rw` first, as people write it.
    private static func options(of mount: Mount) -> String {
        let own = mount.options.filter { known.contains($0) }
        return (own.filter { $0 == "rw" || $0 == "ro" } + own.filter { $0 != "rw" && $0 != "ro" }).joined(separator: ",")
    }
}
