internal import HostProc
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

extension ViewTable {
    /// What stat(2) shows of a node beside its number.
    package struct Attributes: Sendable, Equatable {
        package var isFolder: Bool
        /// Permission bits.
        package var mode: UInt32
    }

    /// What a node is; `nil` for a number that stands for nothing. Whether a container has it is another question: `exists`.
    package static func attributes(of node: ViewNode) -> Attributes? {
        switch node.place {
        case .fixed(1): Attributes(isFolder: true, mode: 0o555)
        case .fixed(let number): entry(number).map { Attributes(isFolder: $0.view == nil, mode: $0.mode) }
        case .cpu(_, let file): attributes(of: NumberedFolder.cpu.entry(file))
        case .memoryNode(_, let file): attributes(of: NumberedFolder.memoryNode.entry(file))
        case nil: nil
        }
    }

    /// What writes a file; `nil` for folders and for numbers that stand for nothing.
    package static func view(of node: ViewNode) -> (any View)? {
        switch node.place {
        case .fixed(let number): entry(number)?.view
        case .cpu(let cpu, let file): view(NumberedFolder.cpu, cpu, file)
        case .memoryNode(let number, let file): view(NumberedFolder.memoryNode, number, file)
        case nil: nil
        }
    }

    /// Whether the container has this file or folder now: it is one of its CPUs or nodes, and the host has it.
    package static func exists(_ node: ViewNode, for container: ContainerScope, in context: inout RenderContext) throws(ViewError) -> Bool {
        guard let path = hostPath(of: node), try holds(node, container, &context) else { return false }
        return isThere(path, &context)
    }

    /// The node that has this name in a folder of the container; `nil` where there is none.
    package static func lookUp(
        _ name: String, in folder: ViewNode, for container: ContainerScope, context: inout RenderContext
    ) throws(ViewError) -> ViewNode? {
        guard let node = child(name, of: folder), try exists(node, for: container, in: &context) else { return nil }
        return node
    }

    /// Calls `body` with name and node of all that is in a folder of the container, in a constant order; nothing for what is no folder.
    package static func list(
        _ folder: ViewNode, for container: ContainerScope, in context: inout RenderContext, _ body: (String, ViewNode) -> Void
    ) throws(ViewError) {
        guard try exists(folder, for: container, in: &context) else { return }
        for child in children(of: folder) {
            if let path = hostPath(of: child.node), isThere(path, &context) { body(child.name, child.node) }
        }
        let numbered: (kind: NumberedFolder, numbers: CPUSet)?
        switch folder.place {
        case .fixed(cpuFolder): numbered = (.cpu, try cpus(of: container, &context))
        case .fixed(nodeFolder):
            try context.readMemoryNodes(of: container)
            numbered = (.memoryNode, context.memoryNodes[.all])
        default: numbered = nil
        }
        guard let numbered else { return }
        for number in numbered.numbers {
            let path = "\(numbered.kind.parent)/\(numbered.kind.prefix)\(number)"
            guard isThere("sys/" + path, &context) else { continue }
            body("\(numbered.kind.prefix)\(number)", numbered.kind.node(number, file: 0))
        }
    }

    /// The view of the file at `path`, `proc/stat`; for tests and tools, as the daemon goes from node to node.
    package static func view(at path: String) -> (any View)? {
        node(at: path).flatMap(view(of:))
    }

    /// The node that stands at `path` for a container that has it.
    package static func node(at path: String) -> ViewNode? {
        var node = ViewNode.root
        for name in path.split(separator: "/") {
            guard let next = child(String(name), of: node) else { return nil }
            node = next
        }
        return node
    }

    /// The paths of all files that are always at the same place, `proc/stat`; for tests and tools.
    package static let files: [String] = entries.filter { $0.view != nil }.map(\.path)

    /// The path of a node below the mount point, `proc/stat`, for people; `nil` for a number that stands for nothing.
    package static func path(of node: ViewNode) -> String? { hostPath(of: node) }

    // MARK: The tree without a container

    private static let cpuFolder: UInt8 = 7
    private static let nodeFolder: UInt8 = 8

    private struct Child: Sendable {
        let name: String
        let node: ViewNode
    }

    /// What is in each fixed folder, by its number.
    private static let fixedChildren: [[Child]] = {
        var children = [[Child]](repeating: [], count: 256)
        for entry in entries {
            let (folder, name) = divided(entry.path)
            let parent = folder.isEmpty ? 1 : entries.first { $0.path == folder }?.number ?? 0
            children[Int(parent)].append(Child(name: name, node: ViewNode(.fixed(entry.number))))
        }
        return children
    }()

    private static let positions: [Int?] = {
        var positions = [Int?](repeating: nil, count: 256)
        for (position, entry) in entries.enumerated() { positions[Int(entry.number)] = position }
        return positions
    }()

    private static func entry(_ number: UInt8) -> ViewEntry? {
        positions[Int(number)].map { entries[$0] }
    }

    /// The children of a folder that do not depend on the container.
    private static func children(of folder: ViewNode) -> [Child] {
        switch folder.place {
        case .fixed(let number): fixedChildren[Int(number)]
        case .cpu(let cpu, let file): children(NumberedFolder.cpu, cpu, file)
        case .memoryNode(let number, let file): children(NumberedFolder.memoryNode, number, file)
        case nil: []
        }
    }

    private static func children(_ kind: NumberedFolder, _ number: Int, _ file: UInt8) -> [Child] {
        guard let folder = kind.entry(file), case .folder = folder.content else { return [] }
        return kind.entries.compactMap { entry in
            let (parent, name) = divided(entry.path)
            guard parent == folder.path, !name.isEmpty else { return nil }
            return Child(name: name, node: kind.node(number, file: entry.number))
        }
    }

    private static func child(_ name: String, of folder: ViewNode) -> ViewNode? {
        if let child = children(of: folder).first(where: { $0.name == name }) { return child.node }
        switch folder.place {
        case .fixed(cpuFolder): return NumberedFolder.cpu.number(inName: name).map { ViewNode(.cpu($0, file: 0)) }
        case .fixed(nodeFolder): return NumberedFolder.memoryNode.number(inName: name).map { ViewNode(.memoryNode($0, file: 0)) }
        default: return nil
        }
    }

    private static func attributes(of entry: NumberedFolder.Entry?) -> Attributes? {
        guard let entry else { return nil }
        return switch entry.content {
        case .folder: Attributes(isFolder: true, mode: 0o555)
        case .file, .view: Attributes(isFolder: false, mode: 0o444)
        }
    }

    private static func view(_ kind: NumberedFolder, _ number: Int, _ file: UInt8) -> (any View)? {
        guard let entry = kind.entry(file) else { return nil }
        return switch entry.content {
        case .folder: nil
        case .file(let reduction): SysFileView(kind.path(entry, in: number), reduction)
        case .view(let view): view(number)
        }
    }

    /// Folder and name of a path; the folder of a name alone is empty.
    private static func divided(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    // MARK: What host and container have

    /// Where the host has what the node shows, relative to its root; empty for the root.
    private static func hostPath(of node: ViewNode) -> String? {
        switch node.place {
        case .fixed(1): ""
        case .fixed(let number): entry(number)?.path
        case .cpu(let cpu, let file): NumberedFolder.cpu.entry(file).map { "sys/" + NumberedFolder.cpu.path($0, in: cpu) }
        case .memoryNode(let number, let file):
            NumberedFolder.memoryNode.entry(file).map { "sys/" + NumberedFolder.memoryNode.path($0, in: number) }
        case nil: nil
        }
    }

    private static func isThere(_ path: String, _ context: inout RenderContext) -> Bool {
        let host = context.host.host
        if path.hasPrefix("proc/") { return (try? host.proc.status(String(path.dropFirst(5)))) != nil }
        if path.hasPrefix("sys/") { return (try? host.sys.status(String(path.dropFirst(4)))) != nil }
        return true
    }

    /// Whether the node belongs to the container, as far as it belongs to a CPU or a memory node.
    private static func holds(_ node: ViewNode, _ container: ContainerScope, _ context: inout RenderContext) throws(ViewError) -> Bool {
        switch node.place {
        case .cpu(let cpu, _): return try cpus(of: container, &context).contains(cpu)
        case .memoryNode(let number, _):
            try context.readMemoryNodes(of: container)
            return context.memoryNodes[.all].contains(number)
        default: return true
        }
    }

    /// The CPUs that have a folder: of the host also those that are offline.
    private static func cpus(of container: ContainerScope, _ context: inout RenderContext) throws(ViewError) -> CPUSet {
        try context.readCPUs(of: container)
        guard container.isHost, (try? context.host.readSys("devices/system/cpu/possible", into: &context.hostText)) != nil else {
            return context.cpu.cpus
        }
        var possible = CPUSet()
        var scanner = context.hostText.scanner
        possible.formUnion(list: &scanner)
        return possible
    }
}

extension NumberedFolder {
    /// The node of a file in the folder with this number.
    func node(_ number: Int, file: UInt8) -> ViewNode {
        ViewNode(prefix == NumberedFolder.cpu.prefix ? .cpu(number, file: file) : .memoryNode(number, file: file))
    }
}
