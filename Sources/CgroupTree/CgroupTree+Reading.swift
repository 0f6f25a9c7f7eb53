package import FUSE
internal import Glibc
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

extension CgroupTree: WritableFileSystem {
    package func writable(at node: NodeID) -> (any WritableFileSystem)? { self }

    // MARK: - Names and attributes

    package func lookUp(name: FileName, in directory: NodeID, caller: Caller, reply: consuming EntryReply) {
        switch answer(caller, { caller throws(Errno) in try find(name, in: directory, caller) }) {
        case .success(let found):
            let isForEveryone = TreeNode(directory) == .top
            reply.succeed(found, entryTimeout: isForEveryone ? CgroupTree.hierarchyTimeout : 0, attributesTimeout: 0)
        case .failure(let error): reply.fail(error)
        }
    }

    private func find(_ name: FileName, in directory: NodeID, _ caller: TreeCaller) throws(Errno) -> NodeAttributes {
        if TreeNode(directory) == .top {
            guard let hierarchy = hierarchies.first(where: { $0.name == name.bytes }) else { throw .noSuchFileOrDirectory }
            return try attributes(of: Visible(place: Place(rootOf: hierarchy), sight: hierarchy.sight(of: caller.own)), caller)
        }
        let visible = try visible(directory, caller)
        try name.check()
        let place = visible.place
        let path = place.path(of: name.bytes)
        switch visible.sight.standing(of: path) {
        case .outside: throw .noSuchFileOrDirectory
        case .above: return try attributes(of: Visible(place: Place(stepTo: path, in: place.hierarchy), sight: visible.sight), caller)
        case .within:
            let status = try asCaller(caller) { () throws(Errno) in try place.status(of: name) }
            return try place.attributes(of: name, status)
        }
    }

    package func attributes(of node: NodeID, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply) {
        if TreeNode(node) == .top { return reply.succeed(CgroupTree.top, timeout: 0) }
        let found = answer(caller) { caller throws(Errno) in
            try attributes(of: visible(node, caller), caller)
        }
        switch found {
        case .success(let attributes): reply.succeed(attributes, timeout: 0)
        case .failure(let error): reply.fail(error)
        }
    }

    private func attributes(of visible: Visible, _ caller: TreeCaller) throws(Errno) -> NodeAttributes {
        let place = visible.place
        if case .above(let next) = visible.standing {
            let inode = place.hierarchy.shownInode(place.node.directory)
            return CgroupTree.attributes(ofFolder: place.node, inode: inode, linkCount: next == nil ? 2 : 3)
        }
        return place.attributes(
            try asCaller(caller) { () throws(Errno) in try place.open(OwnedFileDescriptor.pathOnlyFlag).status() })
    }

    package func access(_ node: NodeID, mask: AccessMask, caller: Caller, reply: consuming StatusReply) {
        let granted = answer(caller) { caller throws(Errno) in
            if TreeNode(node) != .top {
                let visible = try visible(node, caller)
                if visible.standing == .within {
                    return try asCaller(caller) { () throws(Errno) in
                        try visible.place.open(OwnedFileDescriptor.pathOnlyFlag).checkAccess(mask.rawValue)
                    }
                }
            }
            if mask.contains(.write) { throw .permissionDenied }
        }
        switch granted {
        case .success: reply.succeed()
        case .failure(let error): reply.fail(error)
        }
    }

    // MARK: - Files

    package func open(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        let opened = answer(caller) { caller throws(Errno) in
            let place = try owned(node, caller, above: .isDirectory)
            let credentials = try caller.credentials(host.proc)
            try threads.run(as: credentials) { () throws(Errno) in
                _ = try place.open(flags.rawValue & (O_ACCMODE | O_TRUNC | OwnedFileDescriptor.directFlag))
            }
            return Opener(credentials).handle
        }
        switch opened {
        case .success(let handle): reply.succeed(handle)
        case .failure(let error): reply.fail(error)
        }
    }

    package func read(_ request: ReadRequest, caller: Caller, reply: consuming DataReply) {
        // What lies in the page cache is shown to everyone.
        if request.isFromPageCache { return reply.fail(.invalidArgument) }
        let part = answer(caller, gone: .operationNotSupportedByDevice) { caller throws(Errno) in
            let place = try owned(request.node, caller, above: .isDirectory)
            if let file = place.file, MemberText.isMemberList(file) { return try members(of: place, request, caller) }
            return try asCaller(caller) { () throws(Errno) in
                try place.open(O_RDONLY).read(request.size, at: Int64(clamping: request.offset))
            }
        }
        switch part {
        case .success(let bytes): reply.succeed(bytes, in: 0..<bytes.count)
        case .failure(let error): reply.fail(error)
        }
    }

    /// A part of `tasks` or `cgroup.procs`, made when its beginning is read: a pid that is cut in two must not become another one.
    private func members(of place: Place, _ request: ReadRequest, _ caller: TreeCaller) throws(Errno) -> [UInt8] {
        let key = MemberTextCache.Key(node: place.node, handle: request.handle, thread: caller.thread)
        if request.offset > 0, let text = memberTexts[key] { return CgroupTree.part(of: text, request) }
        let text = try asCaller(caller) { () throws(Errno) in
            var text = InputText(capacity: 4096)
            try place.open(O_RDONLY).readAll(into: &text)
            return text
        }
        let translation = try PIDTranslation(namespaceOfThread: caller.thread, proc: host.proc)
        let shown = MemberText.shown(text, through: translation)
        // One part is all that most need.
        if shown.count > request.size { memberTexts[key] = shown }
        return CgroupTree.part(of: shown, request)
    }

    private static func part(of text: [UInt8], _ request: ReadRequest) -> [UInt8] {
        Array(text.dropFirst(Int(clamping: request.offset)).prefix(request.size))
    }

    package func release(_ node: NodeID, handle: FileHandle) {}

    // MARK: - Directories

    package func openDirectory(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        if TreeNode(node) == .top { return reply.succeedIgnoringResult() }
        let opened = answer(caller) { caller throws(Errno) in
            let visible = try visible(node, caller)
            guard visible.standing == .within else { return }
            try asCaller(caller) { () throws(Errno) in _ = try visible.place.openDirectory(O_RDONLY) }
        }
        switch opened {
        case .success: reply.succeedIgnoringResult()
        case .failure(let error): reply.fail(error)
        }
    }

    package func readDirectory(_ node: NodeID, handle: FileHandle, offset: UInt64, caller: Caller, reply: consuming DirectoryReply) {
        switch answer(caller, { caller throws(Errno) in try entries(of: node, from: offset, caller) }) {
        case .success(let entries):
            for entry in entries {
                guard reply.add(name: entry.name, inode: entry.inode, kind: entry.kind, nextOffset: entry.nextOffset) else { break }
            }
            reply.finish()
        case .failure(let error): reply.fail(error)
        }
    }

    package func releaseDirectory(_ node: NodeID, handle: FileHandle) {}
}

extension OpenReply {
    /// A directory: nothing is remembered of it.
    fileprivate consuming func succeedIgnoringResult() {
        succeed(FileHandle(rawValue: 0))
    }
}
