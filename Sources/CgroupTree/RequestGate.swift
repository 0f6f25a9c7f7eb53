internal import Synchronization

/// How many requests of the tree are carried out at once: what takes the kernel long (reclaiming memory, say) must not take all threads from the views.
final class RequestGate: Sendable {
    /// What one container gets.
    static let mostOfOne = 8

    private let limit: Int
    private let inside = Mutex<[OwnCgroups: Int]>([:])

    /// - Parameter threads: those that serve all requests.
    init(threads: Int) {
        limit = max(1, threads - min(8, threads / 2))
    }

    /// Counts a request in.
    /// - Returns: whether there is room for it. If so, `leave` is due.
    func enter(_ container: OwnCgroups) -> Bool {
        inside.withLock { inside in
            let own = inside[container] ?? 0
            guard own < RequestGate.mostOfOne, inside.values.reduce(0, +) < limit else { return false }
            inside[container] = own + 1
            return true
        }
    }

    func leave(_ container: OwnCgroups) {
        inside.withLock { inside in
            let left = (inside[container] ?? 1) - 1
            inside[container] = left > 0 ? left : nil
        }
    }
}
