internal import ContainerViews
internal import LXCFSControl

// Which files are meant by the names that a caller gives.

extension ControlService {
    /// The files that these names stand for and that this host has, below the mount point, each once, in the order of `ViewTable.files`; all files for `nil`.
    ///
    /// A name is a path, `proc/meminfo` or `/proc/meminfo`, of a file or of a folder, which stands for all that is in it; or the end of one. A name
    /// alone, `meminfo`, is looked for right below /proc first.
    /// - Throws: NoSuchFile for a name that stands for nothing.
    func files(named names: [String]?) throws(ControlFault) -> [String] {
        let there = ViewTable.files.filter { path in
            ViewTable.node(at: path).map { parts.renderer.exists($0, for: parts.resolver.hostScope) } ?? false
        }
        guard let names else { return there }
        var wanted: Set<String> = []
        for name in names {
            let found = FileSelection.files(meantBy: name, among: there)
            if found.isEmpty { throw FileSelection.fault(name) }
            wanted.formUnion(found)
        }
        return there.filter(wanted.contains)
    }
}

/// What a name stands for.
enum FileSelection {
    static func files(meantBy name: String, among files: [String]) -> [String] {
        let parts = name.split(separator: "/").map(String.init)
        guard !parts.isEmpty else { return name == "/" ? files : [] }
        let path = parts.joined(separator: "/")
        func at(_ path: String) -> [String] { files.filter { $0 == path || $0.hasPrefix(path + "/") } }
        let exact = at(path)
        if !exact.isEmpty || name.hasPrefix("/") { return exact }
        let inProc = at("proc/" + path)
        if !inProc.isEmpty { return inProc }
        return files.filter { file in
            let own = file.split(separator: "/").map(String.init)
            return own.indices.contains { own[$0...].starts(with: parts) }
        }
    }

    static func fault(_ name: String) -> ControlFault {
        let isKnown = !files(meantBy: name, among: ViewTable.files).isEmpty
        return .noSuchFile(
            name,
            isKnown
                ? "this host has no \(name), so no container has one"
                : "lxcfs has no file or folder \(name): names are such as meminfo, proc/meminfo or sys/devices/system/cpu")
    }
}
