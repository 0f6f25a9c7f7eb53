/// What a container is called by the runtime that made it, as far as the paths of its cgroups tell. Nothing is asked of any runtime.
///
/// PouchContainer and `ctr` both put their containers at `/default/ID`, Pouch being a client of containerd: both count as containerd. LXD and Incus
/// write the project before the instance's name, `lxc.payload.PROJECT_NAME`; as a name may have the same form without them, it is kept whole.
package struct ContainerID: Sendable, Equatable {
    /// Who made it.
    package enum Runtime: String, Sendable, CaseIterable {
        case docker, podman, containerd, kubernetes, lxc, pouch, other, host
        case crio = "cri-o"
        case nspawn = "systemd-nspawn"
    }

    package let runtime: Runtime
    /// The runtime's id or name of it; where the path has none, the path.
    package let id: String
    /// Short, for people.
    package let name: String
    /// Kubernetes: the uid of its pod.
    package let pod: String?
    /// The cgroup that says so.
    package let cgroup: CgroupPath

    /// The host itself.
    package static let host = ContainerID(runtime: .host, id: "/", name: "host", pod: nil, cgroup: .root)

    private init(runtime: Runtime, id: String, name: String, pod: String?, cgroup: CgroupPath) {
        self.runtime = runtime
        self.id = id
        self.name = name
        self.pod = pod
        self.cgroup = cgroup
    }

    /// The container whose cgroups have these paths. Of several that look like a runtime's, the most telling one counts, and of those the deepest.
    package init(of paths: [CgroupPath]) {
        let candidates = paths.filter { !$0.isRoot }
        guard let longest = candidates.max(by: { $0.bytes.count < $1.bytes.count }) else {
            self = .host
            return
        }
        var best: (found: PathReader.Found, path: CgroupPath)?
        for path in candidates where path != best?.path {
            guard let found = PathReader.read(path) else { continue }
            if let other = best, (other.found.certainty.rawValue, other.found.level) >= (found.certainty.rawValue, found.level) { continue }
            best = (found, path)
        }
        guard let (found, path) = best else {
            let text = longest.text
            self.init(
                runtime: .other, id: text, name: text.split(separator: "/").last.map(String.init) ?? text, pod: nil, cgroup: longest)
            return
        }
        self.init(runtime: found.runtime, id: found.id, name: found.name, pod: found.pod, cgroup: path)
    }
}

/// Reads a path from the root down. What lies deeper is more inside: of a container in a container the inner one is found.
private struct PathReader {
    /// What speaks for a container.
    enum Certainty: Int {
        /// A pod's cgroup, without any container of it.
        case pod
        /// An id, without a word of who gave it.
        case id
        case runtime
    }

    struct Found {
        var runtime: ContainerID.Runtime
        var id: String
        var certainty: Certainty
        var level: Int
        var pod: String?

        var name: String { PathReader.isID(id[...]) ? String(id.prefix(12)) : id }
    }

    private var found: Found?
    private var pod: String?
    private var isBelowKubepods = false

    static func read(_ path: CgroupPath) -> Found? {
        var reader = PathReader()
        var above: Substring = ""
        for (level, part) in path.text.split(separator: "/").enumerated() {
            reader.take(part, below: above, level)
            above = part
        }
        return reader.found
    }

    private mutating func take(_ part: Substring, below above: Substring, _ level: Int) {
        if PathReader.isOfRuntimeItself(part) {
            found = nil
            return
        }
        // Where the runtime was told of systemd and systemd is not used: `kubepods-podUID.slice:cri-containerd:ID`.
        let words = part.split(separator: ":", omittingEmptySubsequences: false)
        if words.count == 3 { takePod(words[0], below: above, level) } else { takePod(part, below: above, level) }
        guard let (runtime, id) = words.count == 3 ? PathReader.container(words) : container(part, below: above, level) else { return }
        found = Found(runtime: runtime, id: id, certainty: runtime == .other ? .id : .runtime, level: level, pod: pod)
        pod = nil
        isBelowKubepods = false
    }

    // MARK: - Kubernetes

    private mutating func takePod(_ part: Substring, below above: Substring, _ level: Int) {
        let slice = part.hasSuffix(".slice") ? part.dropLast(".slice".count) : part
        if slice.split(separator: "-").contains("kubepods") { isBelowKubepods = true }
        guard isBelowKubepods, let uid = PathReader.podUID(part) else { return }
        pod = uid
        found = Found(runtime: .kubernetes, id: uid, certainty: .pod, level: level, pod: uid)
    }

    /// `podUID`, or with systemd `kubepods-burstable-podUID.slice`, where the uid has `_` for `-`. A static pod's uid has neither.
    private static func podUID(_ part: Substring) -> String? {
        var uid = part
        if uid.hasSuffix(".slice") {
            uid = uid.dropLast(".slice".count).split(separator: "-").last ?? ""
        }
        guard uid.hasPrefix("pod") else { return nil }
        let text = String(uid.dropFirst("pod".count).map { $0 == "_" ? "-" : $0 })
        let digits = text.filter { $0 != "-" }
        return digits.utf8.count == 32 && digits.utf8.allSatisfy(isHexadecimal) ? text : nil
    }

    // MARK: - Runtimes

    /// What runtimes put before an id of 64 hexadecimal digits, with systemd followed by `.scope`.
    private static let prefixes: [(text: String, runtime: ContainerID.Runtime)] = [
        ("docker-", .docker), ("libpod-payload-", .podman), ("libpod-", .podman), ("cri-containerd-", .containerd),
        ("nerdctl-", .containerd), ("crio-", .crio), ("pouch-", .pouch),
    ]
    /// Folders whose children are named by the id alone.
    private static let parents: [Substring: ContainerID.Runtime] = [
        "docker": .docker, "pouch": .pouch, "k8s.io": .containerd, "default": .containerd, "moby": .docker,
    ]
    /// containerd's namespaces in which clients give ids of their own choice.
    private static let namespaces: Set<Substring> = ["default", "k8s.io"]

    /// Whether it is the cgroup of a process that watches over a container, from outside.
    private static func isOfRuntimeItself(_ part: Substring) -> Bool {
        part.hasPrefix("libpod-conmon-") || part.hasPrefix("crio-conmon-") || part.hasPrefix("conmon-") || part.hasPrefix("lxc.monitor")
            || part.hasPrefix("lxc.pivot")
    }

    private static func container(_ words: [Substring]) -> (ContainerID.Runtime, String)? {
        guard let known = prefixes.first(where: { $0.text.dropLast() == words[1] }), isID(words[2]) else { return nil }
        return (known.runtime, String(words[2]))
    }

    private func container(_ part: Substring, below above: Substring, _ level: Int) -> (ContainerID.Runtime, String)? {
        let unit = part.hasSuffix(".scope") ? part.dropLast(".scope".count) : part
        for prefix in PathReader.prefixes where unit.hasPrefix(prefix.text) {
            let id = unit.dropFirst(prefix.text.count)
            if PathReader.isID(id) { return (prefix.runtime, String(id)) }
        }
        if PathReader.isID(part) {
            if pod != nil { return (.kubernetes, String(part)) }
            return (PathReader.parents[above] ?? .other, String(part))
        }
        if level == 1, PathReader.namespaces.contains(above) { return (.containerd, String(part)) }
        return PathReader.named(part, unit, below: above)
    }

    /// Runtimes whose containers have names: LXC and systemd-nspawn.
    private static func named(_ part: Substring, _ unit: Substring, below above: Substring) -> (ContainerID.Runtime, String)? {
        if part.hasPrefix("lxc.payload.") { return (.lxc, String(part.dropFirst("lxc.payload.".count))) }
        if above == "lxc" || above == "lxc.payload" { return (.lxc, String(part)) }
        if part.hasPrefix("systemd-nspawn@"), part.hasSuffix(".service") {
            return (.nspawn, unescaped(part.dropFirst("systemd-nspawn@".count).dropLast(".service".count)))
        }
        if part.hasSuffix(".scope"), unit.hasPrefix("machine-") {
            let name = unescaped(unit.dropFirst("machine-".count))
            // libvirt's virtual machines, and its own containers.
            return name.hasPrefix("qemu-") || name.hasPrefix("lxc-") ? nil : (.nspawn, name)
        }
        return nil
    }

    /// 64 hexadecimal digits: an id that no person chose.
    private static func isID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy(isHexadecimal)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// systemd.unit(5): `\x2d` stands for the byte 0x2d.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
