internal import Synchronization
internal import SystemPackage

/// How many cgroups a container may have below its own in one hierarchy, when it makes them through the tree.
///
/// The kernel charges the memory of a cgroup to who makes it, which is the daemon here: a container could take as much as it likes, whatever its own limit is.
final class GroupBudget: Sendable {
    static let most = 4096
    /// Containers that are remembered; when there are more, all are counted anew.
    private static let capacity = 4096

    private let counts = Mutex<[Key: Count]>([:])

    private struct Count {
        /// Never less than there are of those that were made here, but for those that were just being made when they were counted.
        var used = 0
        /// How many were ever taken.
        var taken = 0
    }

    struct Key: Hashable {
        let hierarchy: UInt16
        let path: [UInt8]
    }

    /// Asks for one more.
    /// - Parameter count: counts those that there are. It need not go beyond `most`.
    /// - Throws: EAGAIN where there are too many, as cgroup.max.descendants of version 2 has it.
    func take(_ key: Key, count: () throws(Errno) -> Int) throws(Errno) {
        let before: Int? = counts.withLock { counts in
            guard let known = counts[key], known.used < GroupBudget.most else { return counts[key]?.taken ?? 0 }
            counts[key] = Count(used: known.used + 1, taken: known.taken + 1)
            return nil
        }
        guard let before else { return }
        let found = try count()
        let isTaken = counts.withLock { counts in
            if counts.count >= GroupBudget.capacity, counts[key] == nil { counts = [:] }
            let taken = counts[key]?.taken ?? 0
            // What others took meanwhile may not be among those that were found.
            let used = found + max(0, taken - before)
            guard used < GroupBudget.most else { return false }
            counts[key] = Count(used: used + 1, taken: taken + 1)
            return true
        }
        if !isTaken { throw .resourceTemporarilyUnavailable }
    }
}
