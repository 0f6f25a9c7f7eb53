internal import FUSE

/// Notices a worker that does not get on: one request stays unanswered, or the worker does not answer the keeper.
///
/// It counts looks, not time: who was frozen or suspended together with the keeper has not stood still.
struct StallWatch {
    /// What is wrong.
    enum Finding {
        /// The request in this slot has been there all the time.
        case stuck(slot: Int, RequestSummary)
        /// The worker has given no sign of life.
        case silent
    }

    private let requests: RequestWatch
    /// The request that was seen in each slot at the last look, and at how many looks before.
    private var seen: [(id: UInt64, looks: UInt64)] = []
    private var unansweredPings: UInt64 = 0

    init(_ requests: RequestWatch) {
        self.requests = requests
    }

    /// Another worker serves, or this one gave a sign of life.
    mutating func heard() {
        unansweredPings = 0
    }

    /// Looks once; the worker is to be sent a ping then.
    /// - Parameter patience: after how many looks it is enough.
    mutating func look(patience: UInt64) -> Finding? {
        let count = requests.count
        if seen.count != count { seen = [(UInt64, UInt64)](repeating: (0, 0), count: count) }
        for slot in 0..<count {
            guard let request = requests.request(in: slot) else {
                seen[slot] = (0, 0)
                continue
            }
            seen[slot] = request.id == seen[slot].id ? (request.id, seen[slot].looks + 1) : (request.id, 0)
            if seen[slot].looks >= patience {
                seen[slot] = (0, 0)
                requests.blame(slot, for: request.id)
                return .stuck(slot: slot, request)
            }
        }
        if unansweredPings > patience {
            unansweredPings = 0
            return .silent
        }
        unansweredPings += 1
        return nil
    }
}
