/// A specification of the Container Device Interface with one device, `lxcfs.io/lxcfs=all`.
enum CDISpecification {
    /// The oldest that everyone who knows the interface takes: Podman 4 takes none above 0.5.0, Docker none below 0.3.0. A mount with a `type` would need 0.4.0.
    private static let version = "0.3.0"

    private struct Specification: Encodable {
        var cdiVersion = version
        var kind = "lxcfs.io/lxcfs"
        var devices: [Device]
    }

    private struct Device: Encodable {
        var name = "all"
        var containerEdits: Edits
    }

    private struct Edits: Encodable {
        var mounts: [Entry]
        /// Absent where there is none.
        var hooks: [Hook]?
    }

    private struct Entry: Encodable {
        var hostPath: String
        var containerPath: String
        var options: [String]
    }

    private struct Hook: Encodable {
        var hookName = "createContainer"
        var path: String
        var args: [String]
    }

    static func text(of mounts: [Mount], _ hook: HookedMounts) -> String {
        let entries = mounts.map { Entry(hostPath: $0.source, containerPath: $0.destination, options: $0.options) }
        let hooks =
            hook.mounts.isEmpty ? nil : [Hook(path: hook.program, args: HookArguments.words(root: HookArguments.rootOfState, hook.mounts))]
        let specification = Specification(devices: [Device(containerEdits: Edits(mounts: entries, hooks: hooks))])
        return String(decoding: JSON.text(of: specification, isForPeople: true), as: UTF8.self) + "\n"
    }
}
