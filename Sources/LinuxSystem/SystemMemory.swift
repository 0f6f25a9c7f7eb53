internal import Glibc
internal import ProcText

/// How much memory there is where this process runs.
package struct SystemMemory: Sendable, Equatable {
    package var totalBytes: Int64
    /// Without swapping: free, or given up at once.
    package var availableBytes: Int64

    package init(totalBytes: Int64, availableBytes: Int64) {
        self.totalBytes = totalBytes
        self.availableBytes = availableBytes
    }

    /// MemTotal and MemAvailable of /proc/meminfo; `nil` where they cannot be read.
    package static var now: SystemMemory? {
        var text = InputText()
        guard let file = try? OwnedFileDescriptor.open("/proc/meminfo", O_RDONLY) else { return nil }
        do { try file.readAll(into: &text) } catch { return nil }
        var scanner = text.scanner
        var total: UInt64?
        var available: UInt64?
        while !scanner.isAtEnd, total == nil || available == nil {
            if scanner.skip(literal: "MemTotal:") {
                total = scanner.decimal()
            } else if scanner.skip(literal: "MemAvailable:") {
                available = scanner.decimal()
            }
            scanner.skipLine()
        }
        guard let total, let available else { return nil }
        return SystemMemory(
            totalBytes: Int64(clamping: total.saturatingMultiply(1024)), availableBytes: Int64(clamping: available.saturatingMultiply(1024))
        )
    }
}
