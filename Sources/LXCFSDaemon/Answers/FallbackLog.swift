internal import Cgroups
internal import ContainerViews
internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import Synchronization

/// Counts the views that could not be rendered, and tells of them without flooding the log: one line for a container and file in ten minutes.
final class FallbackLog: Sendable {
    private static let quietNanoseconds: UInt64 = 600_000_000_000
    private static let mostRemembered = 1024

    private struct Subject: Hashable, Sendable {
        let container: String
        let file: String
    }

    private let logger: Logger
    private let counters: StateCounters
    private let events: EventHub
    private let lastLine = Mutex<[Subject: UInt64]>([:])
    /// The last one: when, in nanoseconds of CLOCK_MONOTONIC, and what became of it.
    private let last = Mutex<(at: UInt64, text: String)?>(nil)

    init(_ logger: Logger, counters: StateCounters, events: EventHub = EventHub()) {
        self.logger = logger
        self.counters = counters
        self.events = events
    }

    /// How often something else than the view's text was served since the mount.
    var total: UInt64 { counters[.fallbacks] }

    /// What became of the last one in this worker, where that was in the last ten minutes.
    var recent: String? {
        last.withLock { $0 }.flatMap { Clock.monotonic.saturatingSubtract($0.at) < FallbackLog.quietNanoseconds ? $0.text : nil }
    }

    /// Notes that `file` of `container` was answered with `substitute` because of `cause`.
    func note(_ cause: ViewError, file: String, container: String, substitute: String) {
        counters.add(.fallbacks)
        let now = Clock.monotonic
        let isDue = lastLine.withLock { lastLine in
            let subject = Subject(container: container, file: file)
            if let last = lastLine[subject], now.saturatingSubtract(last) < FallbackLog.quietNanoseconds { return false }
            if lastLine.count >= FallbackLog.mostRemembered { lastLine.removeAll() }
            lastLine[subject] = now
            return true
        }
        let text = "\(file) for container \(container): \(cause); serving \(substitute)"
        last.withLock { $0 = (now, text) }
        guard isDue else { return }
        logger.warning("\(text)")
        events.post(.fallback, container: ContainerID(of: [CgroupPath(container)]).id, file: file, text)
    }
}
