internal import LXCFSControl

/// Files by the names that callers give them: `proc/meminfo`, `/proc/meminfo`, `meminfo`; a folder stands for all that is in it: `pressure`, `proc`.
struct FileSelection: Sendable {
    /// All that can be named, by their paths below the mount point.
    private let files: [String]
    /// What is said of a name that is inside something that can only be had as a whole, such as a folder of the mounts.
    private let wholes: Set<String>

    /// - Parameter wholes: those of `files` that are folders.
    init(of files: [String], wholes: Set<String> = []) {
        self.files = files
        self.wholes = wholes
    }

    /// Those that are named, each once, in the order of `files`; all where `names` is `nil`.
    /// - Throws: NoSuchFile.
    func callAsFunction(_ names: [String]?) throws(ControlFault) -> [String] {
        guard let names else { return files }
        var chosen: Set<String> = []
        for name in names { chosen.formUnion(try matches(name)) }
        return files.filter { chosen.contains($0) }
    }

    private func matches(_ name: String) throws(ControlFault) -> [String] {
        let path = name.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
        guard !path.isEmpty else { throw .noSuchFile(name, "a file has a name, such as proc/meminfo; leave `files` out for all of them") }
        let exact = below(path)
        if !exact.isEmpty { return exact }
        if let whole = wholes.first(where: { path.hasPrefix($0 + "/") }) {
            throw .noSuchFile(name, "\(path) is a part of \(whole), which is mounted as a whole: name that")
        }
        let candidates = things.filter { $0.hasSuffix("/" + path) }
        guard let first = candidates.first else {
            throw .noSuchFile(name, "this host has no \(name), or lxcfs does not serve it; what there is: \(files.joined(separator: ", "))")
        }
        guard candidates.count == 1 else {
            throw .noSuchFile(name, "\(name) could be \(candidates.joined(separator: " or ")): name one of these")
        }
        return below(first)
    }

    private func below(_ path: String) -> [String] {
        files.filter { $0 == path || $0.hasPrefix(path + "/") }
    }

    /// The files and all folders that they are in.
    private var things: [String] {
        var found: [String] = []
        for file in files {
            var path = Substring(file)
            while true {
                if !found.contains(String(path)) { found.append(String(path)) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return found
    }
}
