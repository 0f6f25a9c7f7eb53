/// `--bind=SOURCE:DESTINATION`, all on one line.
enum NspawnBinds {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var words: [String] = []
        for mount in mounts {
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
