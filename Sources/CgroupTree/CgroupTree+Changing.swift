package import FUSE
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

extension CgroupTree {
    // MARK: - Files

    package func write(_ request: WriteRequest, caller: Caller, reply: consuming WriteReply) {
        let written = answer(caller, gone: .operationNotSupportedByDevice) { caller throws(Errno) in
            let place = try owned(request.node, caller, above: .isDirectory)
            let credentials = try Opener(request.handle).limiting(caller.credentials(host.proc))
            let file = place.file ?? []
            // It names descriptors of whoever writes, which the daemon's are not.
            if file.elementsEqual("cgroup.event_control".utf8) { throw .notSupportedOnSocket }
            let isMove = MemberText.isMemberList(file)
            let text = isMove ? try member(request.bytes, caller) : request.bytes
            if isMove { place.hierarchy.rememberContainer(of: caller.own, movingTo: place.directory) }
            let count = try threads.run(as: credentials) { () throws(Errno) in try place.open(O_WRONLY).write(text) }
            return count < text.count ? count : request.bytes.count
        }
        switch written {
        case .success(let count): reply.succeed(count)
        case .failure(let error): reply.fail(error)
        }
    }

    /// The pid that is written into `tasks` or `cgroup.procs`, as the kernel counts for the daemon.
    private func member(_ text: [UInt8], _ caller: TreeCaller) throws(Errno) -> [UInt8] {
        // cgroup takes no more at once here (of others it does: cpuset.cpus). Else zeroes before a pid would make a text that it does not take one that it does.
        guard text.count <= 4096 else { throw .argListTooLong }
        let pid = try MemberText.pid(in: text)
        if pid == 0 { return Array(String(caller.thread).utf8) }
        let translation = try PIDTranslation(namespaceOfThread: caller.thread, proc: host.proc)
        guard let own = translation.own(pid), own > 0, translation.foreign(own) == pid else { throw .noSuchProcess }
        return Array(String(own).utf8)
    }

    package func setAttributes(
        of node: NodeID, to changes: AttributeChanges, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply
    ) {
        let changed = answer(caller) { caller throws(Errno) in
            let place = try owned(node, caller)
            let proc = host.proc
            let status = try asCaller(caller) { () throws(Errno) in
                if let size = changes.size { try place.open(O_WRONLY).truncate(to: size) }
                let file = try place.open(OwnedFileDescriptor.pathOnlyFlag)
                if changes.owner != nil || changes.group != nil { try file.changeOwner(user: changes.owner, group: changes.group) }
                if let mode = changes.mode { try file.changeMode(mode, proc: proc) }
                if changes.accessTime != nil || changes.modificationTime != nil {
                    try file.changeTimes(access: changes.accessTime, modification: changes.modificationTime, proc: proc)
                }
                return try file.status()
            }
            return place.attributes(status)
        }
        switch changed {
        case .success(let attributes): reply.succeed(attributes, timeout: 0)
        case .failure(let error): reply.fail(error)
        }
    }

    // MARK: - Directories

    package func makeDirectory(
        _ name: FileName, in directory: NodeID, mode: UInt32, note: RequestNote, caller: Caller, reply: consuming EntryReply
    ) {
        let made = answer(caller) { caller throws(Errno) in
            let place = try parent(of: name, in: directory, caller, step: .fileExists)
            try takeBudget(place.hierarchy, caller)
            let status = try asCaller(caller) { () throws(Errno) in
                let parent = try place.openParent()
                return try Repetition(note).makeDirectory(name, mode: mode, in: parent)
            }
            return try place.attributes(of: name, status)
        }
        switch made {
        case .success(let attributes): reply.succeed(attributes, entryTimeout: 0, attributesTimeout: 0)
        case .failure(let error): reply.fail(error)
        }
    }

    package func removeDirectory(
        _ name: FileName, in directory: NodeID, note: RequestNote, caller: Caller, reply: consuming StatusReply
    ) {
        let removed = answer(caller) { caller throws(Errno) in
            let place = try parent(of: name, in: directory, caller, step: .resourceBusy)
            try asCaller(caller) { () throws(Errno) in
                let parent = try place.openParent()
                try Repetition(note).removeDirectory(name, in: parent)
            }
        }
        switch removed {
        case .success: reply.succeed()
        case .failure(let error): reply.fail(error)
        }
    }

    package func rename(_ change: NameChange, note: RequestNote, caller: Caller, reply: consuming StatusReply) {
        let renamed = answer(caller) { caller throws(Errno) in
            try change.name.check()
            try change.newName.check()
            let place = try owned(change.directory, caller)
            let newPlace = try owned(change.newDirectory, caller)
            guard place.hierarchy.number == newPlace.hierarchy.number else { throw .improperLink }
            try asCaller(caller) { () throws(Errno) in
                let parent = try place.openParent()
                let newParent = try newPlace.openParent()
                try Repetition(note).rename(change, from: parent, to: newParent)
            }
        }
        switch renamed {
        case .success: reply.succeed()
        case .failure(let error): reply.fail(error)
        }
    }

    /// A directory in the caller's own part, to make or remove something of that name in it.
    /// - Parameter step: what is said of the next step on the way down to the caller's cgroup.
    private func parent(
        of name: FileName, in directory: NodeID, _ caller: TreeCaller, step: Errno
    ) throws(Errno) -> Place {
        try name.check()
        if TreeNode(directory) == .top { throw hierarchies.contains { $0.name == name.bytes } ? step : .permissionDenied }
        let visible = try visible(directory, caller)
        if case .above(let next) = visible.standing { throw next == name.bytes ? step : .permissionDenied }
        return visible.place
    }

    /// Counts one more cgroup of the caller's container.
    private func takeBudget(_ hierarchy: TreeHierarchy, _ caller: TreeCaller) throws(Errno) {
        guard case .cgroup(let own) = hierarchy.sight(of: caller.own) else { return }
        let counted = hierarchy.counted(own)
        try budget.take(GroupBudget.Key(hierarchy: hierarchy.number, path: counted)) { () throws(Errno) in
            try hierarchy.countGroups(below: counted, most: GroupBudget.most)
        }
    }
}
