package import JSONText
internal import LXCFSControl

/// A container's config.json (OCI runtime-spec), read for one question: which of our files can go into it.
package struct ContainerConfiguration: Sendable {
    private let root: JSONNode
    private let mounts: [(place: [Substring], node: JSONNode)]
    /// A mount that says nothing of its propagation (mount_namespaces(7)) may be the host's peer.
    private let isRootShared: Bool

    /// The annotation that says whether the container gets the views.
    package static let annotation = "io.lxcfs.enable"
    /// The variable of its environment that says so.
    package static let variable = "LXCFS"

    package init(_ text: JSONText) {
        root = text.root
        mounts = (root["mounts"]?.elements ?? []).map { node in
            (MountPlace.parts(of: node["destination"]?.stringValue ?? ""), node)
        }
        isRootShared = ContainerConfiguration.shared.contains(root["linux"]?["rootfsPropagation"]?.stringValue ?? "")
    }

    /// Why nothing may be mounted into this container; `nil` where something may. It follows `this container`.
    package var obstacle: String? {
        guard root.kind == .object else { return "has no configuration" }
        for other in ["vm", "windows", "solaris", "zos"] where root[other].map({ $0.kind != .null }) ?? false { return "has `\(other)`" }
        guard let linux = root["linux"], linux.kind == .object else { return "is not one of Linux" }
        let namespace = linux["namespaces"]?.elements.last { $0["type"]?.stringValue == "mount" }
        guard let namespace else { return "has no mount namespace of its own" }
        guard namespace["path"]?.stringValue?.isEmpty ?? true else { return "joins a mount namespace that is there already" }
        guard let list = root["mounts"], list.kind == .array else { return "has no mounts" }
        return nil
    }

    /// What the container itself says: whether it wants the views, `nil` where it says nothing. The annotation counts more than the variable, which an
    /// image may set too; of two variables the last, as runc and crun have it.
    package var wish: Bool? {
        if let said = root["annotations"]?[ContainerConfiguration.annotation]?.stringValue.flatMap(ContainerConfiguration.bool) {
            return said
        }
        let prefix = ContainerConfiguration.variable + "="
        let entries = root["process"]?["env"]?.elements.compactMap(\.stringValue) ?? []
        return entries.last { $0.hasPrefix(prefix) }.flatMap { ContainerConfiguration.bool(String($0.dropFirst(prefix.count))) }
    }

    /// Whether a file may be mounted there: the kernel's procfs or sysfs is below it, and nothing that the user put there is in the way.
    package func hasRoom(for destination: String) -> Bool {
        let place = MountPlace.parts(of: destination)
        guard let first = place.first, place.count > 1 else { return false }
        guard let base = mounts.last(where: { $0.place == [first] })?.node, ContainerConfiguration.isKernels(base, first),
            !isHostsPeer(base)
        else { return false }
        return !mounts.contains { $0.place != [first] && MountPlace.overlap($0.place, place) }
    }

    /// The folder that becomes the container's root, seen from the bundle; `nil` where it is not said.
    package var rootFolder: String? { root["root"]?["path"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    /// Hooks of the stage createContainer.
    package var createContainerHooks: [JSONNode] { root["hooks"]?["createContainer"]?.elements ?? [] }

    /// /proc as procfs and /sys as sysfs, or the host's own, which Podman binds where it may not mount one.
    private static func isKernels(_ mount: JSONNode, _ name: Substring) -> Bool {
        let type = mount["type"]?.stringValue ?? ""
        if name == "proc" && type == "proc" || name == "sys" && type == "sysfs" { return true }
        guard name == "proc" || name == "sys", MountPlace.parts(of: mount["source"]?.stringValue ?? "") == [name] else { return false }
        return type == "bind" || (mount["options"]?.elements ?? []).contains { $0.stringValue == "bind" || $0.stringValue == "rbind" }
    }

    private static let shared: Set<String> = ["shared", "rshared"]
    private static let unshared: Set<String> = ["private", "rprivate", "slave", "rslave", "unbindable", "runbindable"]

    /// Whether what is mounted on it would be mounted on the host too: the host's own /proc or /sys, bound with shared propagation.
    private func isHostsPeer(_ mount: JSONNode) -> Bool {
        guard !["proc", "sysfs"].contains(mount["type"]?.stringValue) else { return false }
        let options = Set((mount["options"]?.elements ?? []).compactMap(\.stringValue))
        if !options.isDisjoint(with: ContainerConfiguration.shared) { return true }
        return isRootShared && options.isDisjoint(with: ContainerConfiguration.unshared)
    }

    private static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off": false
        default: nil
        }
    }
}
