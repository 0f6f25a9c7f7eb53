internal import ArgumentParser
internal import LXCFSControl

/// `lxcfsctl mounts`
struct MountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mounts", abstract: "Print what a runtime has to mount into a container.",
        discussion: """
            The list is meant to be used as it is, docker run $(lxcfsctl mounts) IMAGE. Where something is wrong (no daemon, a dead mount, a mount that \
            is not there for you) nothing is printed on standard output, so that no container is started on empty folders. It would still be \
            started, and see the host; if that is not wanted:

              M=$(lxcfsctl mounts) && docker run $M IMAGE

            FORMATS
              docker          docker run $(lxcfsctl mounts) IMAGE
              docker-mount    docker run $(lxcfsctl mounts --format docker-mount) IMAGE
              podman          podman run $(lxcfsctl mounts --format podman) IMAGE
              compose         a file with a service `lxcfs`, which other services extend
              lxc             lxc.mount.entry lines for a container's configuration
              oci             a JSON array, for `mounts` of config.json
              cdi             a file for /etc/cdi, for --device lxcfs.io/lxcfs=all
              oci-hook        a file for /usr/share/containers/oci/hooks.d (Podman, CRI-O)
              kubernetes      volumes and volumeMounts, in YAML
              systemd-nspawn  systemd-nspawn $(lxcfsctl mounts --format systemd-nspawn)
              json            the daemon's reply, as --json

            Files that the runtime refuses are left out: runc's for docker, docker-mount, compose, oci, cdi and kubernetes; none for the others. With \
            --with-hook, cdi has them mounted by a hook.
            """)

    @Option(help: "How to write the list (default: docker).")
    var format: MountFormat?

    @OptionGroup var files: WantedFiles

    @Option(help: "The runtime that makes the mounts: runc, which refuses some files, or crun, which refuses none.")
    var runtime: OCIRuntime?

    @Flag(help: "Do not look whether the files are there for you: they will be mounted in another mount namespace.")
    var elsewhere = false

    @Flag(help: "With cdi: what the runtime refuses is mounted too, by lxcfs-runtime as a hook.")
    var withHook = false

    @Flag(
        help:
            "The cgroup tree too, at /cgroup, to be written to: for containers that have no cgroup namespace and shall manage their cgroups."
    )
    var cgroup = false

    @OptionGroup var options: GlobalOptions

    /// The format that was asked for.
    var wantedFormat: MountFormat { format ?? (options.json ? .json : .docker) }

    func validate() throws {
        if options.json, let format, format != .json {
            throw ValidationError("--json is the format json: leave one of the two out.")
        }
        if cgroup, wantedFormat == .ociHook { throw ValidationError("--cgroup is for formats that list mounts; oci-hook names a program.") }
        if withHook, wantedFormat != .cdi { throw ValidationError("--with-hook is for the format cdi.") }
    }

    func run() throws {
        var list = try options.mounts(
            MountSelection(only: files.only, except: files.except, runtime: withHook ? nil : wantedRuntime), isHere: !elsewhere,
            remedy: "see `lxcfsctl doctor`, or say --elsewhere if the list is for another mount namespace")
        if cgroup { list.mounts.append(try cgroupTree()) }
        var hook = HookedMounts(program: RuntimeProgram.installed ?? HookedMounts.usualProgram)
        if withHook, let wantedRuntime {
            hook.mounts = list.mounts.filter { $0.isRefused(by: wantedRuntime) }
            list.mounts.removeAll { $0.isRefused(by: wantedRuntime) }
        }
        let text: String
        do throws(MountListError) {
            text = try wantedFormat.text(of: list, hook: hook)
        } catch {
            throw Failure("\(error)")
        }
        // Not one byte before all is known to be well.
        try Output.write(Array(text.utf8))
    }

    /// Never part of the list by itself: with it, root of the host in a container may raise the container's limits.
    /// - Throws: where there is none.
    private func cgroupTree() throws(Failure) -> Mount {
        let status = try options.call(GetStatus.self)
        guard status.cgroupTree?.state == .served else {
            throw Failure("there is no cgroup tree to be mounted: `lxcfsctl doctor` says why, leave --cgroup out")
        }
        return Mount(cgroupTreeBelow: status.mount.path)
    }

    /// Whose refusals count.
    var wantedRuntime: OCIRuntime? { runtime ?? wantedFormat.usualRuntime }
}

extension Mount {
    init(cgroupTreeBelow mountPoint: String) {
        self.init(
            file: "cgroup", source: (mountPoint == "/" ? "" : mountPoint) + "/cgroup", destination: "/cgroup", type: "bind",
            options: ["bind", "rw", "nosuid", "nodev", "noexec"], isFolder: true, refusedBy: [])
    }
}

extension MountFormat: ExpressibleByArgument {}
extension OCIRuntime: ExpressibleByArgument {}
