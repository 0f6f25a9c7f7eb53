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
            return try TreeCaller(caller, identification, proc: host.proc)
        } catch .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory {
            throw .ioError
        } catch {
            throw .noSuchFileOrDirectory
        }
    }

    /// The place of a node that the caller may see.
    /// - Throws: ENOENT for one that it may not.
    func visible(_ node: NodeID, _ caller: TreeCaller) throws(Errno) -> (Place, Sight.Standing) {
        guard let node = TreeNode(node), node != .top else { throw .staleNFSFileHandle }
        let place = try place(of: node)
        let standing = Sight(caller.own, in: place.hierarchy).standing(of: place.directory)
        // The files of the cgroups above its own are nobody's business.
        guard standing == .within || standing != .outside && place.file == nil else { throw .noSuchFileOrDirectory }
        return (place, standing)
    }

    /// The place of a node in the caller's own part.
    /// - Parameter above: what is said of the way down to it.
    /// - Throws: ENOENT for one that it may not see.
    func owned(_ node: NodeID, _ caller: TreeCaller, above: Errno = .permissionDenied) throws(Errno) -> Place {
        if TreeNode(node) == .top { throw above }
        let (place, standing) = try visible(node, caller)
        guard standing == .within else { throw above }
        return place
    }

    /// Lets the kernel decide: `body` runs on a thread that is the caller for as long as it lives. No operation of a caller is carried out elsewhere.
    func asCaller<Answer: Sendable>(
        _ credentials: ThreadCredentials, _ body: @escaping @Sendable () throws(Errno) -> Answer
    ) throws(Errno) -> Answer {
        try CredentialedThread.run(as: credentials, body)
    }
}
