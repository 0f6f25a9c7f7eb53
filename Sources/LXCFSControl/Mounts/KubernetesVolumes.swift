/// `volumes` for a pod's spec and `volumeMounts` for its containers, in YAML.
///
/// With the type of each path: without one, a runtime would make a folder of a file that is not there.
enum KubernetesVolumes {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var volumes = "# In the spec of a pod:\nvolumes:\n"
        var volumeMounts = "# In each of its containers:\nvolumeMounts:\n"
        for mount in mounts {
            // What the API server refuses.
            for path in [mount.source, mount.destination] where path.split(separator: "/").contains("..") {
                throw .unwritable(path: path, format: .kubernetes, character: "`..`")
            }
            if mount.destination.contains(":") {
                throw .unwritable(path: mount.destination, format: .kubernetes, character: ArgumentWords.name(of: ":"))
            }
            volumes += """
                - name: \(name(of: mount))
                  hostPath:
                    path: \(YAMLText.scalar(mount.source))
                    type: \(mount.isFolder ? "Directory" : "File")

                """
            volumeMounts += """
                - name: \(name(of: mount))
                  mountPath: \(YAMLText.scalar(mount.destination))

                """
        }
        return volumes + volumeMounts
    }

    /// A DNS label: `lxcfs-proc-pressure-cpu`.
    private static func name(of mount: Mount) -> String {
        let label = "lxcfs/" + mount.file
        return String(label.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(63))
    }
}
