/// Which of the mounts are wanted.
package struct MountSelection: Sendable, Equatable {
    /// Names of files, or of folders that stand for all that is in them; all if empty.
    package var only: [String]
    /// The same; these are left out.
    package var except: [String]
    /// What this runtime refuses is left out.
    package var runtime: OCIRuntime?

    /// - Parameters:
    ///   - only: names, each of them perhaps several with commas between them.
    ///   - except: the same.
    package init(only: [String] = [], except: [String] = [], runtime: OCIRuntime? = nil) {
        self.only = only.flatMap(MountSelection.names)
        self.except = except.flatMap(MountSelection.names)
        self.runtime = runtime
    }

    /// Those that are wanted, in the order of the list.
    /// - Throws: where a name means nothing, where one that was asked for is refused by the runtime, and where none is left: a container that is
    ///   started with an empty list would see the host, and nobody would notice.
    package func apply(to mounts: [Mount]) throws(MountListError) -> [Mount] {
        var wanted: Set<String> = only.isEmpty ? Set(mounts.map(\.file)) : []
        for name in only {
            let meant = try MountSelection.mounts(named: name, in: mounts)
            if let runtime, meant.allSatisfy({ $0.isRefused(by: runtime) }) { throw .refused(name, by: runtime) }
            wanted.formUnion(meant.map(\.file))
        }
        for name in except { wanted.subtract(try MountSelection.mounts(named: name, in: mounts).map(\.file)) }
        let left = mounts.filter { mount in
            wanted.contains(mount.file) && !(runtime.map { mount.isRefused(by: $0) } ?? false)
        }
        guard !left.isEmpty else { throw .nothingLeft }
        return left
    }

    /// `proc/meminfo`, `/proc/meminfo` and `meminfo` are the same; `pressure` and `/proc` are folders.
    private static func mounts(named name: String, in mounts: [Mount]) throws(MountListError) -> [Mount] {
        let parts = name.split(separator: "/")
        let found = mounts.filter { mount in
            let own = mount.file.split(separator: "/")
            if own.starts(with: parts) { return true }
            // Without the folders before it.
            return !name.hasPrefix("/") && own.indices.contains { own[$0...].starts(with: parts) }
        }
        guard !parts.isEmpty, !found.isEmpty else { throw .unknownFile(name, known: mounts.map(\.file)) }
        return found
    }

    private static func names(_ list: String) -> [String] {
        list.split(separator: ",", omittingEmptySubsequences: false).map { word in
            String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}

extension Mount {
    /// Whether the runtime does not make this mount.
    package func isRefused(by runtime: OCIRuntime) -> Bool { refusedBy.contains(runtime.rawValue) }
}
