internal import CgroupTree
internal import FUSE

/// All that is mounted: the views and, where there is one, the cgroup tree. Which of the two a request is for, its node says.
struct MountedFileSystem: FileSystem {
    private let views: ContainerFileSystem
    private let cgroups: CgroupTree?

    /// - Parameter cgroups: `nil` where there is no tree. The views list its folder.
    init(views: ContainerFileSystem, cgroups: CgroupTree?) {
        self.views = views
        self.cgroups = cgroups
    }

    private func part(of node: NodeID) -> any FileSystem {
        if let cgroups, CgroupTree.holds(node) { return cgroups }
        return views
    }

    func writable(at node: NodeID) -> (any WritableFileSystem)? { CgroupTree.holds(node) ? cgroups : nil }

    func lookUp(name: FileName, in directory: NodeID, caller: Caller, reply: consuming EntryReply) {
        if directory == .root, name == CgroupTree.name, cgroups != nil {
            reply.succeed(CgroupTree.top, entryTimeout: ContainerFileSystem.timeout, attributesTimeout: ContainerFileSystem.timeout)
            return
        }
        part(of: directory).lookUp(name: name, in: directory, caller: caller, reply: reply)
    }

    func attributes(of node: NodeID, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply) {
        part(of: node).attributes(of: node, handle: handle, caller: caller, reply: reply)
    }

    func open(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        part(of: node).open(node, flags: flags, caller: caller, reply: reply)
    }

    func read(_ request: ReadRequest, caller: Caller, reply: consuming DataReply) {
        part(of: request.node).read(request, caller: caller, reply: reply)
    }

    func release(_ node: NodeID, handle: FileHandle) {
        part(of: node).release(node, handle: handle)
    }

    func openDirectory(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        part(of: node).openDirectory(node, flags: flags, caller: caller, reply: reply)
    }

    func readDirectory(_ node: NodeID, handle: FileHandle, offset: UInt64, caller: Caller, reply: consuming DirectoryReply) {
        part(of: node).readDirectory(node, handle: handle, offset: offset, caller: caller, reply: reply)
    }

    func releaseDirectory(_ node: NodeID, handle: FileHandle) {
        part(of: node).releaseDirectory(node, handle: handle)
    }

    func access(_ node: NodeID, mask: AccessMask, caller: Caller, reply: consuming StatusReply) {
        part(of: node).access(node, mask: mask, caller: caller, reply: reply)
    }
}
