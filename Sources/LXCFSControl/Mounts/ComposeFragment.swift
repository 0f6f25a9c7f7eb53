/// A Compose file with one service, `lxcfs`, that is not run but extended: a YAML anchor would not reach from one file into another, and a second
/// file for `docker compose -f` would have to name the services of the first.
///
/// The long form of a volume: of the short one, Docker would make a folder where the source is not there.
enum ComposeFragment {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var text = """
            # For each service that shall see its own values, beside this file:
            #   extends: { file: THIS_FILE, service: lxcfs }
            services:
              lxcfs:
                volumes:

            """
        for mount in mounts {
            text += """
                      - type: bind
                        source: \(scalar(mount.source))
                        target: \(scalar(mount.destination))
                        bind:
                          create_host_path: false

                """
        }
        return text
    }

    /// A dollar would begin the name of a variable.
    private static func scalar(_ path: String) -> String {
        YAMLText.scalar(path.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"))
    }
}
