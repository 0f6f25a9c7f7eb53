internal import Glibc

/// The cgroup hierarchies of this machine, as the tests see them: read anew from mountinfo, not with the daemon's own code.
package enum CgroupMounts {
    /// One hierarchy.
    package struct Hierarchy: Sendable {
        /// Where it is mounted.
        package let mountPoint: String
        /// Whether it is version 2.
        package let isUnified: Bool
        /// v1: its controllers, or `name=systemd`. v2: cgroup.controllers.
        package let controllers: [String]
    }

    /// All of them, one for each superblock.
    package static let all: [Hierarchy] = {
        var found: [Hierarchy] = []
        var devices: Set<Substring> = []
        for line in (Machine.read("/proc/self/mountinfo") ?? "").split(separator: "\n") {
            let halves = line.components(separatedBy: " - ")
            guard halves.count == 2 else { continue }
            let left = halves[0].split(separator: " ")
            let right = halves[1].split(separator: " ")
            guard left.count > 4, right.count > 2, right[0] == "cgroup" || right[0] == "cgroup2" else { continue }
            guard devices.insert(left[2]).inserted else { continue }
            let isUnified = right[0] == "cgroup2"
            let mountPoint = String(left[4])
            var controllers: [String] = []
            if isUnified {
                controllers = Machine.words(Machine.read(mountPoint + "/cgroup.controllers") ?? "")
            } else {
                for option in right[2].split(separator: ",") where option != "rw" && option != "ro" { controllers.append(String(option)) }
            }
            found.append(Hierarchy(mountPoint: mountPoint, isUnified: isUnified, controllers: controllers))
        }
        return found
    }()

    /// `v1`, `hybrid` or `v2`.
    package static var layout: String {
        if !all.contains(where: { !$0.isUnified && $0.controllers.contains("memory") }) { return "v2" }
        return all.contains(where: \.isUnified) ? "hybrid" : "v1"
    }

    /// The hierarchy that has the controller, by its v1 name (`blkio`; `cpuacct` is everywhere on v2).
    package static func hierarchy(of controller: String) -> Hierarchy? {
        if let own = all.first(where: { !$0.isUnified && $0.controllers.contains(controller) }) { return own }
        let name = controller == "blkio" ? "io" : controller == "cpuacct" ? "cpu" : controller
        return all.first { $0.isUnified && $0.controllers.contains(name) }
    }
}

extension StringProtocol {
    /// The parts between the separators.
    package func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
