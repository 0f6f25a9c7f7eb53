package import Cgroups
package import FUSE
package import LinuxSystem
package import SystemPackage

/// The hierarchies of version 1 as a file system, in which a caller finds its own container's cgroups and the way down to them: `cgroup/memory/docker/4f5a/...`.
///
/// Nothing that a caller asks for is done with the daemon's rights: see `asCaller`. What is asked about is found by its number: see `TreeNode`.
package final class CgroupTree: Sendable {
    /// What the folder is called.
    package static let name: FileName = "cgroup"

    /// How long the kernel may remember the name of a hierarchy, in seconds: everyone finds the same ones, but a successor may have others. No name below
    /// is remembered, for it would be remembered for everybody.
    static let hierarchyTimeout: Double = 1

    let hierarchies: [TreeHierarchy]
    let identification: any CallerIdentification
    let host: HostFilesystem
    let gate: RequestGate
    let budget = GroupBudget()
    let threads = CredentialedThreads()
    let memberTexts = MemberTextCache()

    /// - Parameter threads: those that serve all requests of the mount.
    /// - Throws: what is missing here for serving it safely.
    package init(
        _ layout: CgroupLayout, host: HostFilesystem, identification: any CallerIdentification, threads: Int
    ) throws(CgroupTreeFault) {
        self.identification = identification
        self.host = host
        gate = RequestGate(threads: threads)
        let old = layout.hierarchies.filter { $0.version == .v1 }
        guard !old.isEmpty else { throw .noHierarchies }
        do throws(Errno) {
            try CredentialedThread.check()
        } catch {
            throw .cannotBecomeCaller(error)
        }
        var made: [TreeHierarchy] = []
        for hierarchy in old {
            do throws(Errno) {
                let served = try TreeHierarchy(hierarchy, host: host)
                if !served.name.isEmpty, !made.contains(where: { $0.name == served.name || $0.number == served.number }) {
                    made.append(served)
                }
            } catch {
                throw .cannotFindByNumber(hierarchy: hierarchy.mountPoint, error)
            }
        }
        hierarchies = made
    }

    /// The names of the folders in it.
    package var names: [String] { hierarchies.map { String(decoding: $0.name, as: UTF8.self) } }

    /// Whether the number of a node is one of the tree.
    package static func holds(_ node: NodeID) -> Bool { TreeNode.holds(node) }

    /// The folder itself, the same for everyone.
    package static var top: NodeAttributes { attributes(ofFolder: .top, inode: TreeNode.shownInode(0, hierarchy: 0), linkCount: 2) }

    /// A folder that a caller only passes through.
    static func attributes(ofFolder node: TreeNode, inode: UInt64, linkCount: UInt32) -> NodeAttributes {
        var attributes = NodeAttributes(node: node.node, kind: .directory, mode: 0o555, linkCount: linkCount)
        attributes.inode = inode
        return attributes
    }

    /// Finds a node by its number.
    /// - Throws: ESTALE for what is not there any more.
    func place(of node: TreeNode) throws(Errno) -> Place {
        guard let hierarchy = hierarchies.first(where: { $0.number == node.hierarchy }) else { throw .staleNFSFileHandle }
        return try Place(node, in: hierarchy)
    }
}

/// Why there is no tree here.
package enum CgroupTreeFault: Error, CustomStringConvertible {
    /// No hierarchy of version 1 is mounted.
    case noHierarchies
    /// A thread cannot take a caller's rights.
    case cannotBecomeCaller(Errno)
    /// The kernel does not open a cgroup by its number.
    case cannotFindByNumber(hierarchy: String, Errno)

    package var description: String {
        switch self {
        case .noHierarchies: "no hierarchy of cgroup version 1 is mounted"
        case .cannotBecomeCaller(let error):
            "a thread cannot take the rights of a caller (\(error)): the daemon needs CAP_SETUID and CAP_SETGID"
        case .cannotFindByNumber(let hierarchy, let error):
            "\(hierarchy) does not open a cgroup by its number (\(error)): the daemon needs CAP_DAC_READ_SEARCH, Linux 5.8, and no filter for openat2(2)"
        }
    }
}
