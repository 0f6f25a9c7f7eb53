internal import Glibc
internal import Synchronization

/// How many requests of the tree are carried out at once: what takes the kernel long (reclaiming memory, say) must not take all threads from the views, nor
/// one container all places from the others.
final class RequestGate: Sendable {
    /// Threads that are left to the views.
    private static let leftForViews = 8
    /// How long a request waits for a place, in milliseconds: requests that come all at once are served one behind the other.
    private static let patience = 20

    private let most: Int
    private let mostOfOne: Int
    private let mostWaiting: Int
    private let state = Mutex(State())

    private struct State {
        var inside: [OwnCgroups: Int] = [:]
        var total = 0
        var waiting = 0
    }

    /// - Parameter threads: those that serve all requests.
    init(threads: Int) {
        most = max(1, threads - min(RequestGate.leftForViews, threads / 2))
        mostOfOne = max(1, most * 2 / 3)
        mostWaiting = max(min(2, threads / 4), threads / RequestGate.leftForViews)
    }

    /// Counts a request in; waits a little where there is no place.
    /// - Returns: whether there is one. If so, `leave` is due.
    func enter(_ container: OwnCgroups) -> Bool {
        if takePlace(for: container) { return true }
        let mayWait = state.withLock { state in
            if state.waiting >= mostWaiting { return false }
            state.waiting += 1
            return true
        }
        guard mayWait else { return false }
        defer { state.withLock { $0.waiting -= 1 } }
        for _ in 0..<RequestGate.patience {
            usleep(1000)
            if takePlace(for: container) { return true }
        }
        return false
    }

    func leave(_ container: OwnCgroups) {
        state.withLock { state in
            state.total -= 1
            let left = (state.inside[container] ?? 1) - 1
            state.inside[container] = left > 0 ? left : nil
        }
    }

    private func takePlace(for container: OwnCgroups) -> Bool {
        state.withLock { state in
            let own = state.inside[container] ?? 0
            guard state.total < most, container.isHost || own < mostOfOne else { return false }
            state.inside[container] = own + 1
            state.total += 1
            return true
        }
    }
}
