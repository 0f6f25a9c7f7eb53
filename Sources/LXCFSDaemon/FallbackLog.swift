internal import ContainerViews
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
    private let count = Atomic<UInt64>(0)
    private let lastLine = Mutex<[Subject: UInt64]>([:])

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// How often something else than the view's text was served since the start.
    var total: UInt64 { count.load(ordering: .relaxed) }

    /// Notes that `file` of `container` was answered with `substitute` because of `cause`.
    func note(_ cause: ViewError, file: String, container: String, substitute: String) {
        count.add(1, ordering: .relaxed)
        let now = Clock.monotonic
        let isDue = lastLine.withLock { lastLine in
            let subject = Subject(container: container, file: file)
            if let last = lastLine[subject], now.saturatingSubtract(last) < FallbackLog.quietNanoseconds { return false }
            if lastLine.count >= FallbackLog.mostRemembered { lastLine.removeAll() }
            lastLine[subject] = now
            return true
        }
        if isDue { logger.warning("\(file) for container \(container): \(cause); serving \(substitute)") }
    }
}
