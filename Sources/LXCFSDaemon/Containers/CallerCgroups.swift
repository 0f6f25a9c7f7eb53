internal import CgroupTree
internal import Cgroups
internal import LinuxSystem
internal import ProcText
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
        let container: CgroupMembership
        do throws(Errno) {
            container = CgroupMembership(whole: try cgroupsOfInit(of: namespace, process: thread), layout: layout).removingInitScope
        } catch .noSuchProcess, .noSuchFileOrDirectory {
            // The init is not visible or just ended: only the caller itself is left to go by.
            return OwnCgroups(isHost: false, paths: caller.removingInitScope.paths)
        }
        return OwnCgroups(isHost: false, paths: caller.belonging(to: container).paths)
    }
}
