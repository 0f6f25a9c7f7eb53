/// `--mount type=bind,source=SOURCE,target=DESTINATION`, all on one line.
enum DockerMounts {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var words: [String] = []
        for mount in mounts {
            // A line of comma-separated values, whose quotes the shell would take for its own where somebody pastes them.
            let source = try ArgumentWords.word(mount.source, in: .dockerMount, separators: [","])
            let target = try ArgumentWords.word(mount.destination, in: .dockerMount, separators: [","])
            words += ["--mount", "type=bind,source=\(source),target=\(target)"]
        }
        return ArgumentWords.line(words)
    }
}
