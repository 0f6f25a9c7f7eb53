/// `--bind=SOURCE:DESTINATION`, all on one line, and before them the whole mount at its own place: what is to be mounted below /proc, systemd looks for
/// when the container's root is the root already.
enum NspawnBinds {
    static func text(of list: ListMounts.Reply) throws(MountListError) -> String {
        var words = ["--bind=\(try escaped(list.mountPoint))"]
        for mount in list.mounts {
            words.append("--bind=\(try escaped(mount.source)):\(try escaped(mount.destination))")
        }
        return ArgumentWords.line(words)
    }

    /// systemd takes a colon behind a backslash for a part of the path.
    private static func escaped(_ path: String) throws(MountListError) -> String {
        try ArgumentWords.word(path, in: .systemdNspawn, separators: []).split(separator: ":", omittingEmptySubsequences: false)
            .joined(separator: "\\:")
    }
}
