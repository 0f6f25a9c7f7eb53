package import LinuxSystem
package import ProcText
internal import Synchronization
package import SystemPackage

/// One cgroup of one hierarchy. Its files stay open once they were read: reading one again is a single pread(2).
package final class Cgroup: Sendable {
    /// Where it is in its hierarchy.
    package let path: CgroupPath
    /// The enclosing cgroup; `nil` for the top of what is mounted.
    package let parent: Cgroup?
    /// The kernfs inode number of its directory: differs when the cgroup was removed and made again.
    package let inode: UInt64
    /// The device of its hierarchy.
    package var device: UInt64 { hierarchy.device }
    /// Which interface its files speak.
    package let version: CgroupVersion

    private let hierarchy: CgroupHierarchy
    private let directory: Directory
    private let files = Mutex<[OpenFile]>([])

    init(path: CgroupPath, hierarchy: CgroupHierarchy, parent: Cgroup?, inode: UInt64, directory: Directory) {
        self.path = path
        self.parent = parent
        self.inode = inode
        self.hierarchy = hierarchy
        self.version = hierarchy.version
        self.directory = directory
    }

    /// Reads one of the cgroup's files.
    /// - Returns: `false` where this cgroup does not have the file: the root, a controller that is not enabled here, a kernel without it.
    /// - Throws: any other failure, as the kernel gave it.
    package func read(_ file: CgroupFile, into text: inout InputText) throws(CgroupError) -> Bool {
        text.count = 0
        switch files.withLock({ file.rawValue < $0.count ? $0[file.rawValue] : .unknown }) {
        case .unknown: break
        case .absent: return false
        case .open(let open):
            do throws(Errno) {
                try open.read(into: &text)
                return true
            } catch {
                // The controller was switched off, and perhaps on again: the old file is dead, there may be a new one.
                guard error == .operationNotSupportedByDevice else { return try absent(error, file) }
                keep(.unknown, as: file)
            }
        }
        do throws(Errno) {
            let opened = KernelFile(adopting: try directory.open(file.name), isSingleRecord: file.isSingleRecord)
            try opened.read(into: &text)
            keep(.open(opened), as: file)
            return true
        } catch {
            return try absent(error, file)
        }
    }

    /// The path of one of its files as the host has it mounted; for people, never opened.
    package func location(of file: CgroupFile) -> String { hierarchy.location(of: path) + "/" + file.name }

    /// The text of cgroup.procs, one pid a line, read once and not kept open.
    package func readProcesses(into text: inout InputText) throws(Errno) {
        try directory.read("cgroup.procs", into: &text)
    }

    /// The text of cgroup.threads (version 1: tasks), one thread id a line, read once and not kept open.
    package func readThreads(into text: inout InputText) throws(Errno) {
        try directory.read(version == .v2 ? "cgroup.threads" : "tasks", into: &text)
    }

    /// The tasks of this cgroup by state, those of its children left out, in one question to the kernel. Version 1 only.
    package func taskCounts(_ statistics: borrowing TaskStatistics) throws(Errno) -> TaskStatistics.Counts {
        try statistics.counts(ofCgroup: directory)
    }

    /// The cgroups right below this one.
    package func children() throws(Errno) -> [Cgroup] {
        try hierarchy.children(of: self, in: directory)
    }

    /// Whether the cgroup has not been removed.
    package var exists: Bool { (try? directory.status("cgroup.procs")) != nil }

    /// Closes the files that were kept open; the next read opens them again.
    package func closeFiles() {
        files.withLock { $0 = [] }
    }

    /// ENOENT, no such controller any more, or a feature that the kernel was told to leave out: the file is absent.
    private func absent(_ error: Errno, _ file: CgroupFile) throws(CgroupError) -> Bool {
        switch error {
        case .noSuchFileOrDirectory, .operationNotSupportedByDevice, .notSupportedOnSocket:
            if isHierarchyRoot { keep(.absent, as: file) }
            return false
        default: throw CgroupError(cgroup: path, file: file, error: error)
        }
    }

    /// The true root of a hierarchy, as no cgroup namespace's root is: kernfs gives its directory the first number. What the kernel does
    /// not have there (memory.max) it never will, so that no limit has to be looked for there again.
    var isHierarchyRoot: Bool { inode == 1 }

    private func keep(_ state: OpenFile, as file: CgroupFile) {
        files.withLock { files in
            if files.isEmpty { files = [OpenFile](repeating: .unknown, count: CgroupFile.allCases.count) }
            files[file.rawValue] = state
        }
    }

    private enum OpenFile: Sendable {
        case unknown, absent
        case open(KernelFile)
    }
}

/// A cgroup file that is there but cannot be read.
package struct CgroupError: Error, CustomStringConvertible {
    /// The cgroup.
    package let cgroup: CgroupPath
    /// The file.
    package let file: CgroupFile
    /// What the kernel said.
    package let error: Errno

    package var description: String { "cannot read \(file.name) of cgroup \(cgroup): \(error)" }
}
