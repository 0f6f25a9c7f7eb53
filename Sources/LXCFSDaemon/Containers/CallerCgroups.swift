internal import CgroupTree
internal import Cgroups
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

// Where a caller of the cgroup tree lives. The rules are those of `scope(ofProcess:)`; but where a view shows the host's values to whom it cannot tell, and the
// container above to one that lives too deep, here it is all or nothing: what is shown can be changed.
extension ScopeResolver: CallerIdentification {
    /// - Throws: ENOENT or ESRCH where there is no such thread, ENAMETOOLONG where a path is longer than the kernel prints.
    func ownCgroups(ofThread thread: Int32) throws(Errno) -> OwnCgroups {
        let namespace = try host.proc.status("\(thread)/ns/pid").inode
        var text = InputText(capacity: 1024)
        try host.proc.read("\(thread)/cgroup", into: &text, isSingleRecord: true)
        let caller = CgroupMembership(whole: text, layout: layout)
        if namespace == ownNamespace {
            let own = caller.removingInitScope
            return OwnCgroups(isHost: own.isRoot, paths: own.paths)
        }
        let entry: PIDNamespaceEntry
        do throws(Errno) {
            // A caller in the cgroups in which the init was seen last: wherever that is now, they are the container's or the caller's own.
            let known = namespaces.withLock { $0[namespace] }
            if let known, known.cgroupText[...] == text.bytes[text.range], known.initProcess.isAlive {
                entry = known
            } else {
                entry = try self.entry(of: namespace, process: thread)
            }
        } catch .noSuchProcess, .noSuchFileOrDirectory {
            // The init is not visible or just ended: only the caller itself is left to go by.
            return OwnCgroups(isHost: false, paths: caller.removingInitScope.paths)
        }
        let container = CgroupMembership(whole: InputText(bytes: entry.cgroupText), layout: layout).removingInitScope
        let name = "\(entry.life.inode) \(entry.life.startedAt)"
        return OwnCgroups(isHost: false, paths: caller.belonging(to: container).paths, namespace: Array(name.utf8))
    }
}
