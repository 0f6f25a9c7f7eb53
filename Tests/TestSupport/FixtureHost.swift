package import Cgroups
package import ContainerViews
internal import Glibc
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A made-up host: files below a temporary folder, removed with this object. Read through the same openat(2) path as the real host.
package final class FixtureHost {
    /// The folder that is the host's `/`.
    package let root: String
    private var created: [String] = []

    package init() throws {
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(temporary)/lxcfs-fixture-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        created = [root]
        for folder in ["proc", "sys"] { try makeFolder(folder) }
    }

    deinit {
        for path in created.reversed() { Glibc.remove(path) }
    }

    /// Makes a folder and those above it. `path` is relative to the host's `/`.
    package func makeFolder(_ path: String) throws {
        var folder = root
        for component in path.split(separator: "/") {
            folder += "/" + component
            if mkdir(folder, 0o755) == 0 {
                created.append(folder)
            } else if errno != EEXIST {
                throw Errno(rawValue: errno)
            }
        }
    }

    /// Writes a file, an existing one in place, as the kernel would: whoever has it open reads the new text.
    package func write(_ path: String, _ text: String) throws {
        if let slash = path.lastIndex(of: "/") { try makeFolder(String(path[..<slash])) }
        let full = FilePath(root + "/" + path)
        let isNew = access(full.string, F_OK) != 0
        let file = try FileDescriptor.open(full, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        if isNew { created.append(full.string) }
    }

    /// Makes a second name of a file, as two processes have of the namespace that both live in.
    package func link(_ path: String, to other: String) throws {
        if let slash = other.lastIndex(of: "/") { try makeFolder(String(other[..<slash])) }
        guard Glibc.link(root + "/" + path, root + "/" + other) == 0 else { throw Errno(rawValue: errno) }
        created.append(root + "/" + other)
    }

    /// Removes a file. Whoever has it open still reads the old text, which no kernel file does: open the host again.
    package func remove(_ path: String) {
        Glibc.remove(root + "/" + path)
    }

    /// Reads the host's mounts and hierarchies as the daemon does at its start.
    package func layout() throws -> CgroupLayout {
        let host = try HostFilesystem(fixture: root)
        var text = InputText()
        try host.proc.read("self/mountinfo", into: &text)
        return CgroupLayout(host, mounts: MountTable(text))
    }

    /// A container on this host, ready to be read.
    /// - Parameter caller: the text of the container's /proc/PID/cgroup.
    package func reader(caller: String, settings: ViewSettings = ViewSettings(), startedAt: UInt64 = 0) throws -> FixtureReader {
        let layout = try layout()
        let membership = CgroupMembership(InputText(caller), layout: layout)
        let container = try ContainerScope(layout: layout, membership: membership, name: "/fixture", startedAt: startedAt)
        return FixtureReader(container, RenderContext(try HostFilesystem(fixture: root), settings: settings))
    }
}

/// A container of a made-up host, with the context that its files are read in.
package final class FixtureReader {
    /// The container, made by the same factory as in the daemon.
    package let container: ContainerScope
    /// The time, the settings and the scratch memory of the next read.
    package var context: RenderContext

    package init(_ container: ContainerScope, _ context: consuming RenderContext) {
        self.container = container
        self.context = context
    }

    /// What the container reads at `path`, relative to its `/`: `proc/meminfo`.
    package func read(_ path: String) throws -> String {
        guard let view = ViewTable.view(at: path) else { throw NoSuchView(path: path) }
        context.output.removeAll()
        try view.render(for: container, in: &context)
        return String(decoding: context.output.bytes, as: UTF8.self)
    }
}

/// The table of contents does not have this path.
package struct NoSuchView: Error, CustomStringConvertible {
    package let path: String

    package var description: String { "ViewTable has no view of \(path)" }
}
