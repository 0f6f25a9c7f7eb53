internal import LXCFSControl
internal import LinuxSystem

/// Folders that dockerd has made where a file of lxcfs was to be: `docker run -v` does that when lxcfs is not mounted. They are in the way of nothing,
/// but a container that is started on them has folders where its files should be.
struct LeftoversCheck: Check {
    let name = "leftovers"

    func examine(_ scene: Scene) -> [Finding] {
        // Under a mount they are not seen, and do not matter.
        let isMounted = scene.host.mounts?.mounts(at: scene.mountPoint).last?.type == MountTable.lxcfsType
        guard !isMounted, scene.host.mounts != nil else { return [] }
        let proc = scene.mountPoint + "/proc"
        let folders = scene.host.names(in: proc).filter { $0 != "pressure" && scene.host.probe(proc + "/" + $0).isFolder }
        guard !folders.isEmpty else { return [] }
        return [
            warning(
                "\(proc) has folders named \(folders.joined(separator: ", ")), which dockerd has made while lxcfs was not mounted",
                remedy:
                    "rmdir \(folders.map { proc + "/" + $0 }.joined(separator: " ")); and use --mount (lxcfsctl mounts --format docker-mount)"
            )
        ]
    }
}
