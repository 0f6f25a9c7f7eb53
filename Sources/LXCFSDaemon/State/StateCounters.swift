internal import Synchronization

/// What the workers of a mount count together, by the number that it has in their memory: a number is never given to another counter.
enum StateCounter: Int, CaseIterable {
    /// Answers that were something else than the view's text.
    case fallbacks = 0
    /// Requests that were processed again because the worker before did not answer them.
    case replayedRequests = 1
    /// Requests that ended two workers and were answered with an error.
    case refusedRequests = 2
    /// Workers that took the memory over.
    case takeOvers = 3
    /// Entries that a worker found broken when it took over.
    case brokenEntries = 4
    /// Texts of open files that were forgotten to make room for others.
    case forgottenTexts = 5
    /// Times that a container's accumulators could not be kept for want of room.
    case unkeptAccumulators = 6
    /// Reads for which a text was made, or should have been.
    case reads = 7
    /// Those of them that were answered with an error.
    case readErrors = 8

    /// Counters that there is room for.
    static let capacity = 64
}

/// The counters; those of this process alone until the memory is taken over, and from then on those of all workers. Nobody waits for anybody.
final class StateCounters: Sendable {
    private final class Shared: Sendable {
        let region: StateRegion
        let section: StateSection

        init(_ region: StateRegion, _ section: StateSection) {
            self.region = region
            self.section = section
        }
    }

    /// What was counted before the memory was taken over; nothing afterwards.
    private let own: InlineArray<64, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let shared = AtomicLazyReference<Shared>()

    func add(_ counter: StateCounter, _ count: UInt64 = 1) {
        if let shared = shared.load() {
            shared.region.add64(count, at: shared.section.offset(of: counter.rawValue))
        } else {
            own[counter.rawValue].add(count, ordering: .relaxed)
        }
    }

    subscript(counter: StateCounter) -> UInt64 {
        let before = own[counter.rawValue].load(ordering: .relaxed)
        guard let shared = shared.load() else { return before }
        return before &+ shared.region.load64(at: shared.section.offset(of: counter.rawValue))
    }

    /// Goes on where the predecessor stopped, and adds what was counted here before. The second call does nothing.
    func takeOver(_ region: StateRegion, _ section: StateSection) {
        let shared = Shared(region, section)
        guard self.shared.storeIfNil(shared) === shared else { return }
        for counter in StateCounter.allCases {
            let value = own[counter.rawValue].exchange(0, ordering: .relaxed)
            if value > 0 { region.add64(value, at: section.offset(of: counter.rawValue)) }
        }
    }
}
