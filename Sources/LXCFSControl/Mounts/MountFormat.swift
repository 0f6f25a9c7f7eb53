package import SystemPackage

/// The ways of writing down what a runtime has to mount. Documentation/lxcfsctl.md says how each is used.
package enum MountFormat: String, Sendable, CaseIterable {
    /// `-v SOURCE:DESTINATION:rw`, for `docker run $(lxcfsctl mounts) IMAGE`.
    case docker
    /// `--mount type=bind,source=SOURCE,target=DESTINATION`: fails where the source is not there, instead of making a folder of that name.
    case dockerMount = "docker-mount"
    /// `-v SOURCE:DESTINATION:rw,nosuid,nodev,noexec`.
    case podman
    /// A file with a service that others extend.
    case compose
    /// `lxc.mount.entry` lines.
    case lxc
    /// `mounts` of a bundle's config.json.
    case oci
    /// A specification of the Container Device Interface: `--device lxcfs.io/lxcfs=all`.
    case cdi
    /// A file for /usr/share/containers/oci/hooks.d, of Podman and CRI-O.
    case ociHook = "oci-hook"
    /// `volumes` of a pod and `volumeMounts` of its containers.
    case kubernetes
    /// `--bind=MOUNTPOINT --bind=SOURCE:DESTINATION`.
    case systemdNspawn = "systemd-nspawn"
    /// The reply of ListMounts.
    case json

    /// The OCI runtime that will make the mounts if nothing else is said; `nil` where no runtime that refuses any is asked.
    package var usualRuntime: OCIRuntime? {
        switch self {
        case .docker, .dockerMount, .compose, .oci, .cdi, .kubernetes: .runc
        // Its default wherever it is packaged.
        case .podman: .crun
        case .lxc, .systemdNspawn, .json, .ociHook: nil
        }
    }

    /// The text, with a newline at its end.
    /// - Parameter hook: for `cdi`, what a hook is to mount; for `ociHook`, only its program counts.
    /// - Throws: `.unwritable` for a path that cannot be said in this format.
    package func text(of list: ListMounts.Reply, hook: HookedMounts = HookedMounts()) throws(MountListError) -> String {
        switch self {
        case .docker: try DockerVolumes.text(of: list.mounts)
        case .dockerMount: try DockerMounts.text(of: list.mounts)
        case .podman: try PodmanVolumes.text(of: list.mounts)
        case .compose: try ComposeFragment.text(of: list.mounts)
        case .lxc: try LXCEntries.text(of: list.mounts)
        case .oci: OCIMounts.text(of: list.mounts)
        case .cdi: CDISpecification.text(of: list.mounts, hook)
        case .ociHook: OCIHookFile.text(of: list.mounts, program: hook.program)
        case .kubernetes: try KubernetesVolumes.text(of: list.mounts)
        case .systemdNspawn: try NspawnBinds.text(of: list)
        case .json: String(decoding: JSON.text(of: list, isForPeople: true), as: UTF8.self) + "\n"
        }
    }
}

/// A program that makes containers for engines.
package enum OCIRuntime: String, Sendable, CaseIterable {
    /// Mounts only over files below /proc that it has in a list.
    case runc
    /// Mounts everywhere.
    case crun
}

/// Why there is no list. Each description says what to do; it begins small and has no full stop.
package enum MountListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No file or folder of the list has this name.
    case unknownFile(String, known: [String])
    /// All that is called by this name is refused by the runtime.
    case refused(String, by: OCIRuntime)
    /// Nothing is left.
    case nothingLeft
    /// The path has a character that has a meaning of its own in this format.
    case unwritable(path: String, format: MountFormat, character: String)
    /// For whoever asks, there is no file of this lxcfs at this place.
    case notVisible(source: String, reason: String)
    /// /proc/self/mountinfo cannot be read.
    case noTable(Errno)

    package var description: String {
        switch self {
        case .unknownFile(let name, let known):
            "there is no file `\(name)`: name some of \(known.joined(separator: ", ")), or folders that they are in"
        case .refused(let name, let runtime):
            "\(runtime.rawValue) refuses to mount over \(name): leave it out, or use another runtime and say --runtime crun"
        case .nothingLeft: "no file is left to be mounted: exclude fewer"
        case .unwritable(let path, let format, let character):
            "the path \(path) cannot be written in the format \(format.rawValue), because there is \(character) in it: "
                + "use another format, or mount lxcfs at another place"
        case .notVisible(let source, let reason):
            "\(source) is not lxcfs's file in the mount namespace of this program, because \(reason)"
        case .noTable(let error): "cannot read /proc/self/mountinfo: \(error)"
        }
    }
}
