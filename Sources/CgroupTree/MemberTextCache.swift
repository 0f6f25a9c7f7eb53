internal import FUSE
internal import Synchronization

/// The last long texts of `tasks` and `cgroup.procs`, for those who read them in parts. One that is not here is made again.
final class MemberTextCache: Sendable {
    struct Key: Hashable, Sendable {
        let node: TreeNode
        let handle: FileHandle
        /// Who reads: two who opened the same file with the same rights have one handle.
        let thread: Int32
    }

    private static let capacity = 32
    private let texts = Mutex<[(key: Key, text: [UInt8])]>([])

    subscript(key: Key) -> [UInt8]? {
        get { texts.withLock { texts in texts.last { $0.key == key }?.text } }
        set {
            texts.withLock { texts in
                texts.removeAll { $0.key == key }
                if texts.count >= MemberTextCache.capacity { texts.removeFirst() }
                if let newValue { texts.append((key, newValue)) }
            }
        }
    }
}
