package import ProcText

/// In which cgroup of each hierarchy a process is: /proc/PID/cgroup, cgroups(7).
package struct CgroupMembership: Sendable, Equatable {
    /// The path in each hierarchy of the layout, `nil` where the file does not name it.
    package private(set) var paths: [CgroupPath?]

    /// A membership with these paths, in the layout's order.
    package init(paths: [CgroupPath?]) {
        self.paths = paths
    }

    /// Reads the text of /proc/PID/cgroup. Hierarchies that the layout does not know are left out.
    package init(_ text: InputText, layout: CgroupLayout) {
        paths = [CgroupPath?](repeating: nil, count: layout.hierarchies.count)
        var scanner = text.scanner
        while var line = scanner.nextLine() {
            guard line.decimal() != nil, line.skip(UInt8(ascii: ":")), let names = line.upTo(UInt8(ascii: ":")) else { continue }
            let controllers = String(decoding: text.bytes[names], as: UTF8.self).split(separator: ",")
            let path = CgroupPath(String(decoding: text.bytes[line.rest], as: UTF8.self))
            let found = layout.hierarchies.first { hierarchy in
                controllers.isEmpty
                    ? hierarchy.version == .v2
                    : hierarchy.version == .v1 && hierarchy.names.contains(String(controllers[0]))
            }
            if let found { paths[found.index] = path }
        }
    }

    /// Whether this is the host itself: the root of every hierarchy that is named.
    package var isHost: Bool {
        paths.allSatisfy { $0?.isRoot ?? true }
    }

    /// The path in one hierarchy.
    package subscript(hierarchy: CgroupHierarchy) -> CgroupPath? {
        hierarchy.index < paths.count ? paths[hierarchy.index] : nil
    }
}
