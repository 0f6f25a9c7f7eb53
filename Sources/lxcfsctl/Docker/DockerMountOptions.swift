internal import LXCFSControl

/// What `docker run` is told to mount, and what is put beside it.
enum DockerMountOptions {
    /// The places in the container that a user's options name.
    static func destinations(_ options: [DockerOption]) -> [String] {
        options.compactMap { option in
            guard let value = option.value else { return nil }
            switch option.name {
            case "-v", "--volume": return ofVolume(value)
            case "--mount": return ofMount(value)
            case "--tmpfs": return String(value.prefix { $0 != ":" })
            default: return nil
            }
        }
    }

    /// `[SOURCE:]DESTINATION[:OPTIONS]`.
    private static func ofVolume(_ value: String) -> String? {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 1 ? value : String(parts[1])
    }

    /// `type=bind,source=SOURCE,target=DESTINATION`; the last is the one that counts.
    private static func ofMount(_ value: String) -> String? {
        CommaSeparatedValues.fields(of: value).last { field in
            ["target", "destination", "dst"].contains(field.prefix { $0 != "=" }.lowercased())
        }.map { String($0.drop { $0 != "=" }.dropFirst()) }
    }

    /// `--mount` and not `-v`, which has dockerd make a folder on the host where a source is not there.
    static func words(for mounts: [Mount]) -> [String] {
        mounts.flatMap { mount in
            ["--mount", CommaSeparatedValues.line(of: ["type=bind", "source=" + mount.source, "target=" + mount.destination])]
        }
    }

    /// Whether the user has asked for the views by another way, which decides then what becomes of them: the device of the Container Device
    /// Interface, or the runtime that `lxcfsctl runtime install` registers.
    static func asksForLXCFS(_ options: [DockerOption]) -> Bool {
        options.contains { option in
            switch option.name {
            case "--device": option.value?.hasPrefix("lxcfs.io/lxcfs=") == true
            case "--runtime": option.value?.hasPrefix("lxcfs") == true
            default: false
            }
        }
    }
}
