package import ProcText

/// In which cgroup of each hierarchy a process is: /proc/PID/cgroup, cgroups(7).
package struct CgroupMembership: Sendable, Hashable {
    /// The path in each hierarchy of the layout, `nil` where the file does not name it.
    package private(set) var paths: [CgroupPath?]

    /// A membership with these paths, in the layout's order.
    package init(paths: [CgroupPath?]) {
        self.paths = paths
    }

    /// Reads the text of /proc/PID/cgroup. Hierarchies that the layout does not know are left out; what lies deeper than `CgroupPath.mostLevels` counts as the
    /// cgroup of that level.
    package init(_ text: InputText, layout: CgroupLayout) {
        self.init(whole: text, layout: layout)
        paths = paths.map { $0?.withinMostLevels }
    }

    /// The same with the paths as they are, however deep.
    package init(whole text: InputText, layout: CgroupLayout) {
        paths = [CgroupPath?](repeating: nil, count: layout.hierarchies.count)
        var scanner = text.scanner
        while var line = scanner.nextLine() {
            guard line.decimal() != nil, line.skip(UInt8(ascii: ":")), let names = line.upTo(UInt8(ascii: ":")) else { continue }
            let controllers = String(decoding: text.bytes[names], as: UTF8.self).split(separator: ",")
            let path = CgroupPath(text.bytes[line.rest])
            let found = layout.hierarchies.first { hierarchy in
                controllers.isEmpty
                    ? hierarchy.version == .v2
                    : hierarchy.version == .v1 && hierarchy.names.contains(String(controllers[0]))
            }
            if let found { paths[found.index] = path }
        }
    }

    /// The path in one hierarchy.
    package subscript(hierarchy: CgroupHierarchy) -> CgroupPath? {
        hierarchy.index < paths.count ? paths[hierarchy.index] : nil
    }

    /// Whether the process is in the root of every hierarchy that it is in at all.
    package var isRoot: Bool { paths.allSatisfy { $0?.isRoot ?? true } }

    /// The same without a last component `init.scope` anywhere.
    package var removingInitScope: CgroupMembership {
        CgroupMembership(paths: paths.map { $0?.removingInitScope })
    }

    /// In each hierarchy the cgroup of `container` where this membership lies at or below it, else this membership's own.
    ///
    /// The root is nobody's container: version 1 prints it for an init whose first thread has ended, while the others go on.
    package func belonging(to container: CgroupMembership) -> CgroupMembership {
        var result = paths
        for index in result.indices where index < container.paths.count {
            guard let outer = container.paths[index], !outer.isRoot || result[index] == nil else { continue }
            if let own = result[index], !own.isAtOrBelow(outer) { continue }
            result[index] = outer
        }
        return CgroupMembership(paths: result)
    }
}
