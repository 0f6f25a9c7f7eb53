internal import ContainerViews
internal import FUSE
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// The file system of views: FUSE's questions on one side, containers and views on the other.
///
/// Which files there are says `ViewTable`. What the folders of CPUs and memory nodes hold depends on who asks, so the kernel is told not to
/// remember any name in them; all other names are the same for everyone. Sizes are never remembered: they are the length of what this
/// caller would read now.
final class ContainerFileSystem: FileSystem {
    /// Seconds that the kernel may remember what is the same for everyone.
    static let timeout: Double = 3600

    private let resolver: ScopeResolver
    private let renderer: Renderer
    private let openFiles: OpenFileTable
    private let statistics: RequestStatistics
    private let showsHost: @Sendable () -> Bool
    /// Folders in the root that are not the views', and their inode numbers.
    private let otherFolders: [(name: FileName, inode: UInt64)]

    /// - Parameter showsHost: whether everyone sees the host's values, and not their own.
    init(
        resolver: ScopeResolver, renderer: Renderer, openFiles: OpenFileTable, statistics: RequestStatistics,
        showsHost: @escaping @Sendable () -> Bool, otherFolders: [(name: FileName, inode: UInt64)] = []
    ) {
        self.otherFolders = otherFolders
        self.showsHost = showsHost
        self.resolver = resolver
        self.renderer = renderer
        self.openFiles = openFiles
        self.statistics = statistics
    }

    // MARK: - Names and attributes

    func lookUp(name: FileName, in directory: NodeID, caller: Caller, reply: consuming EntryReply) {
        guard let scope = scope(of: caller) else { return reply.fail(.ioError) }
        let parent = ViewNode(directory)
        guard let node = renderer.lookUp(name.text, in: parent, for: scope), let attributes = ViewTable.attributes(of: node) else {
            reply.absent(timeout: 0)
            return
        }
        // Any size above 0 will do: with attributes that time out at once, the kernel asks again before it shows them.
        let found = nodeAttributes(node, attributes, size: attributes.isFolder ? 0 : 4096)
        reply.succeed(
            found, entryTimeout: node.isSameForEveryone ? ContainerFileSystem.timeout : 0,
            attributesTimeout: attributes.isFolder && node.isSameForEveryone ? ContainerFileSystem.timeout : 0)
    }

    func attributes(of node: NodeID, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply) {
        let node = ViewNode(node)
        guard let attributes = ViewTable.attributes(of: node) else { return reply.fail(.noSuchFileOrDirectory) }
        if attributes.isFolder, node.isSameForEveryone {
            return reply.succeed(nodeAttributes(node, attributes, size: 0), timeout: ContainerFileSystem.timeout)
        }
        guard let scope = scope(of: caller) else { return reply.fail(.ioError) }
        guard has(node, scope) else { return reply.fail(.noSuchFileOrDirectory) }
        let size = attributes.isFolder ? 0 : renderer.length(of: node, for: scope, caller: caller.pid)
        reply.succeed(nodeAttributes(node, attributes, size: UInt64(size)), timeout: 0)
    }

    func access(_ node: NodeID, mask: AccessMask, caller: Caller, reply: consuming StatusReply) {
        let node = ViewNode(node)
        guard let attributes = ViewTable.attributes(of: node), node.isSameForEveryone || has(node, scope(of: caller)) else {
            return reply.fail(.noSuchFileOrDirectory)
        }
        if mask.contains(.write) { return reply.fail(.readOnlyFileSystem) }
        if mask.contains(.execute), !attributes.isFolder { return reply.fail(.permissionDenied) }
        if mask.contains(.read), !isReadable(attributes, by: caller) { return reply.fail(.permissionDenied) }
        reply.succeed()
    }

    // MARK: - Files

    func open(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        let node = ViewNode(node)
        guard let attributes = ViewTable.attributes(of: node), !attributes.isFolder else { return reply.fail(.noSuchFileOrDirectory) }
        if flags.isForWriting { return reply.fail(.readOnlyFileSystem) }
        if !isReadable(attributes, by: caller) { return reply.fail(.permissionDenied) }
        if !node.isSameForEveryone, !has(node, scope(of: caller)) { return reply.fail(.noSuchFileOrDirectory) }
        let id = reply.id
        if reply.succeed(openFiles.open(request: id)) { openFiles.closeAbandoned(request: id) }
    }

    func read(_ request: ReadRequest, caller: Caller, reply: consuming DataReply) {
        if request.isFromPageCache { return reply.fail(.invalidArgument) }
        if let part = openFiles.part(of: request.handle, from: request.offset, size: request.size, request: request.id) {
            return reply.succeed(part, from: 0)
        }
        let start = Clock.monotonic
        let node = ViewNode(request.node)
        #if DEBUG
            TestHooks.willRender(node)
        #endif
        let scope = scope(of: caller)
        guard let scope, let text = renderer.text(of: node, for: scope, caller: caller.pid) else {
            reply.fail(.ioError)
            return statistics.count(node, for: scope, since: start, isError: true)
        }
        openFiles.keep(text, for: request.handle, request: request.id)
        reply.succeed(text, from: request.offset)
        statistics.count(node, for: scope, since: start, isError: false)
    }

    func release(_ node: NodeID, handle: FileHandle) {
        openFiles.close(handle)
    }

    // MARK: - Directories

    func openDirectory(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        let node = ViewNode(node)
        guard let attributes = ViewTable.attributes(of: node), attributes.isFolder, node.isSameForEveryone || has(node, scope(of: caller))
        else {
            return reply.fail(.noSuchFileOrDirectory)
        }
        if flags.isForWriting { return reply.fail(.isDirectory) }
        reply.succeed(FileHandle(rawValue: 0))
    }

    /// The listing is made anew for each part: entry number n, `.` and `..` first, is followed by offset n.
    func readDirectory(_ node: NodeID, handle: FileHandle, offset: UInt64, caller: Caller, reply: consuming DirectoryReply) {
        let folder = ViewNode(node)
        guard let scope = scope(of: caller), let listing = renderer.list(folder, for: scope) else { return reply.fail(.ioError) }
        let own = ([(".", folder), ("..", folder)] + listing).map { name, child in
            let isFile = ViewTable.attributes(of: child)?.isFolder == false
            return (name: FileName(name), inode: UInt64(child.rawValue), kind: isFile ? NodeAttributes.Kind.file : .directory)
        }
        let others = node == .root ? otherFolders.map { (name: $0.name, inode: $0.inode, kind: NodeAttributes.Kind.directory) } : []
        for (index, entry) in (own + others).enumerated().dropFirst(Int(clamping: offset)) {
            guard reply.add(name: entry.name, inode: entry.inode, kind: entry.kind, nextOffset: UInt64(index + 1)) else { break }
        }
        reply.finish()
    }

    func releaseDirectory(_ node: NodeID, handle: FileHandle) {}

    // MARK: - Who may what

    /// `nil` where it cannot be told who asks: the answer is an error then, not someone else's numbers.
    private func scope(of caller: Caller) -> ContainerScope? {
        showsHost() ? resolver.hostScope : resolver.scope(ofProcess: caller.pid)
    }

    private func has(_ node: ViewNode, _ scope: ContainerScope?) -> Bool {
        scope.map { renderer.exists(node, for: $0) } ?? false
    }

    /// Everything belongs to root: the owner's bits count for root, the others' for everyone else.
    private func isReadable(_ attributes: ViewTable.Attributes, by caller: Caller) -> Bool {
        attributes.mode & (caller.uid == 0 ? 0o400 : 0o004) != 0
    }

    private func nodeAttributes(_ node: ViewNode, _ attributes: ViewTable.Attributes, size: UInt64) -> NodeAttributes {
        NodeAttributes(
            node: NodeID(node), kind: attributes.isFolder ? .directory : .file, mode: attributes.mode, size: size,
            linkCount: attributes.isFolder ? 2 : 1)
    }
}

extension NodeID {
    /// FUSE's number of a view's node: the same.
    init(_ node: ViewNode) {
        self.init(rawValue: UInt64(node.rawValue))
    }
}

extension ViewNode {
    /// The node that FUSE means; one that stands for nothing where the number is none of the views'.
    init(_ node: NodeID) {
        self.init(rawValue: UInt32(exactly: node.rawValue) ?? 0)
    }
}
