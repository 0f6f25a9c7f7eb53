internal import FUSE
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

// What all requests have in common: who asks, what that one sees, and a thread that asks the kernel with the caller's rights.
extension CgroupTree {
    /// Answers a request of the tree, if there is room for another one.
    ///
    /// A caller that cannot be told for sure is shown nothing.
    /// - Parameter gone: what is said of a node that is not there any more.
    func answer<Answer>(
        _ caller: Caller, gone: Errno = .noSuchFileOrDirectory, _ body: (TreeCaller) throws(Errno) -> Answer
    ) -> Result<Answer, Errno> {
        do throws(Errno) {
            let known = try identify(caller)
            guard gate.enter(known.own) else { throw .resourceTemporarilyUnavailable }
            defer { gate.leave(known.own) }
            return .success(try body(known))
        } catch .staleNFSFileHandle {
            return .failure(gone)
        } catch {
            return .failure(error)
        }
    }

    private func identify(_ caller: Caller) throws(Errno) -> TreeCaller {
        do throws(Errno) {
            return try TreeCaller(caller, identification)
        } catch .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory {
            throw .ioError
        } catch {
            throw .noSuchFileOrDirectory
        }
    }

    /// The place of a node that the caller may see.
    /// - Throws: ENOENT for one that it may not.
    func visible(_ node: NodeID, _ caller: TreeCaller) throws(Errno) -> Visible {
        guard let node = TreeNode(node), node != .top else { throw .staleNFSFileHandle }
        let place = try place(of: node)
        let hierarchy = place.hierarchy
        // What is in the caller's own cgroup is so wherever its container begins: most requests need no look at the marks above.
        let own = Sight(caller.own, in: hierarchy)
        let isOwn = own.standing(of: place.directory) == .within
        let visible = Visible(place: place, sight: isOwn ? own : hierarchy.sight(of: caller.own))
        // The files of the cgroups above its own are nobody's business.
        guard visible.standing == .within || visible.standing != .outside && place.file == nil else { throw .noSuchFileOrDirectory }
        return visible
    }

    /// A place that the caller may see, and what it sees of the hierarchy, as far as this place tells: of one in its own cgroup, that.
    struct Visible: Sendable {
        let place: Place
        let sight: Sight
        var standing: Sight.Standing { sight.standing(of: place.directory) }
    }

    /// The place of a node in the caller's own part.
    /// - Parameter above: what is said of the way down to it.
    /// - Throws: ENOENT for one that it may not see.
    func owned(_ node: NodeID, _ caller: TreeCaller, above: Errno = .permissionDenied) throws(Errno) -> Place {
        if TreeNode(node) == .top { throw above }
        let visible = try visible(node, caller)
        guard visible.standing == .within else { throw above }
        return visible.place
    }

    /// Lets the kernel decide: `body` runs on a thread that has the caller's rights for as long as it lives. No operation of a caller is carried out elsewhere.
    func asCaller<Answer: Sendable>(
        _ caller: TreeCaller, _ body: @escaping @Sendable () throws(Errno) -> Answer
    ) throws(Errno) -> Answer {
        try threads.run(as: caller.credentials(host.proc), body)
    }
}
