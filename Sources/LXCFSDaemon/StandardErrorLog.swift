internal import Glibc
internal import LinuxSystem
internal import Logging
internal import Synchronization

/// Log lines on standard error, for journald or a person. Never waits: a line that standard error does not take at once is lost and counted, for
/// the threads that log are those that answer containers.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    private static let lost = Atomic<UInt64>(0)

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let lost = StandardErrorLog.lost.exchange(0, ordering: .relaxed)
        let note = lost > 0 ? " (\(lost) earlier lines were lost)" : ""
        if !StandardStreams.writeError("\(StandardErrorLog.time()) \(event.level) lxcfs: \(event.message)\(note)\n") {
            StandardErrorLog.lost.add(lost + 1, ordering: .relaxed)
        }
    }

    /// ISO 8601, local time with its offset.
    private static func time() -> String {
        var now = Glibc.time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
