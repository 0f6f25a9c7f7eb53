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

    /// Counters that there is room for.
    static let capacity = 64
}

/// The counters; those of this process alone until the memory is taken over, and from then on those of all workers.
final class StateCounters: Sendable {
    private enum Place {
        case own([UInt64])
        case shared(StateRegion, StateSection)
    }

    private let place = Mutex(Place.own([UInt64](repeating: 0, count: StateCounter.capacity)))

    func add(_ counter: StateCounter, _ count: UInt64 = 1) {
        place.withLock { place in
            switch place {
            case .own(var values):
                values[counter.rawValue] &+= count
                place = .own(values)
            case .shared(let region, let section): region.add64(count, at: section.offset(of: counter.rawValue))
            }
        }
    }

    subscript(counter: StateCounter) -> UInt64 {
        place.withLock { place in
            switch place {
            case .own(let values): values[counter.rawValue]
            case .shared(let region, let section): region.load64(at: section.offset(of: counter.rawValue))
            }
        }
    }

    /// Goes on where the predecessor stopped, and adds what was counted here before.
    func takeOver(_ region: StateRegion, _ section: StateSection) {
        place.withLock { place in
            guard case .own(let values) = place else { return }
            for (index, value) in values.enumerated() where value > 0 && index < section.count {
                region.add64(value, at: section.offset(of: index))
            }
            place = .shared(region, section)
        }
    }
}
