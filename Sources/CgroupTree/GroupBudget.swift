internal import Synchronization
internal import SystemPackage

/// How many cgroups a container may have below its own in one hierarchy, when it makes them through the tree.
///
/// The kernel charges the memory of a cgroup to who makes it, which is the daemon here: a container could take as much as it likes, whatever its own limit is.
final class GroupBudget: Sendable {
    static let most = 4096
    /// Containers that are remembered; when there are more, all are counted anew.
    private static let capacity = 4096

    /// Never less than there are of those that were made here.
    private let counts = Mutex<[Key: Int]>([:])

    struct Key: Hashable {
        let hierarchy: UInt16
        let path: [UInt8]
    }

    /// Asks for one more.
    /// - Parameter count: counts those that there are. It need not go beyond `most`.
    /// - Throws: EAGAIN where there are too many, as cgroup.max.descendants of version 2 has it.
    func take(_ key: Key, count: () throws(Errno) -> Int) throws(Errno) {
        let known = counts.withLock { $0[key] }
        var used = known ?? GroupBudget.most
        if used >= GroupBudget.most { used = try count() }
        guard used < GroupBudget.most else { throw .resourceTemporarilyUnavailable }
        counts.withLock { counts in
            if counts.count >= GroupBudget.capacity, counts[key] == nil { counts = [:] }
            counts[key] = used + 1
        }
    }
}
