/// What a mount needs: the device, the kernel's part, the library.
struct FUSECheck: Check {
    let name = "fuse"

    func examine(_ scene: Scene) -> [Finding] {
        device(scene) + library(scene)
    }

    private func device(_ scene: Scene) -> [Finding] {
        switch scene.host.probe("/dev/fuse") {
        case .exists(let mode, _, _) where mode & 0o170000 == 0o020000: break
        case .exists: return [fault("/dev/fuse is no device", remedy: "rm -r /dev/fuse; mknod -m 666 /dev/fuse c 10 229")]
        default: return [fault("There is no /dev/fuse", remedy: "modprobe fuse")]
        }
        // Opening the device would load the module: nothing is to be changed here.
        let types = scene.host.text(of: "/proc/filesystems") ?? ""
        guard types.split(whereSeparator: { $0 == "\n" || $0 == "\t" }).contains("fuse") else {
            return [note("The kernel module fuse is not loaded; it will be when lxcfs starts", remedy: "modprobe fuse")]
        }
        guard scene.status == nil, scene.host.isRoot else { return [ok("/dev/fuse is there")] }
        if case .exists = scene.host.opens("/dev/fuse") { return [ok("/dev/fuse can be opened")] }
        return [
            fault(
                "/dev/fuse cannot be opened by root",
                remedy: "if this is a container, give it the device: --device /dev/fuse, or lxc.cgroup2.devices.allow = c 10:229 rwm")
        ]
    }

    private func library(_ scene: Scene) -> [Finding] {
        // It has found its own.
        guard scene.status == nil else { return [] }
        let machines = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        let folders =
            ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"] + machines.flatMap { ["/lib/\($0)", "/usr/lib/\($0)"] }
        let isThere = folders.contains { scene.host.names(in: $0).contains { $0.hasPrefix("libfuse3.so.") } }
        return [isThere ? ok("libfuse3 is installed") : fault("libfuse3 is not installed", remedy: "apt-get install libfuse3-3")]
    }
}
