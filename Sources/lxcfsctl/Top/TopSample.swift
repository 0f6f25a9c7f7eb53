internal import LXCFSControl
internal import LinuxSystem
internal import ProcText

/// What the daemon said at one time.
struct TopSample: Sendable {
    /// When: CLOCK_MONOTONIC, nanoseconds.
    var time: UInt64
    var status: GetStatus.Reply
    var containers: [Container]
    /// Where this program runs.
    var memory: SystemMemory?
}

/// What happened between two samples. A counter that went back (the daemon or the container is another one) has no rate.
struct TopRates {
    struct Row {
        var container: Container
        /// CPUs in use: 1 is one CPU all the time.
        var cpus: Double?
        var readsPerSecond: Double?

        /// Of the CPUs that it may use, by its quota and its CPU set: 0 to 1.
        var cpuShare: Double? {
            let limit = container.cpuLimitMillis.map { Double($0) / 1000 } ?? Double(container.cpuCount)
            return cpus.flatMap { limit > 0 ? min(1, $0 / limit) : nil }
        }

        /// Of the memory that it may use: 0 to 1.
        var memoryShare: Double {
            container.memoryTotalBytes > 0 ? min(1, max(0, Double(container.memoryUsageBytes) / Double(container.memoryTotalBytes))) : 0
        }
    }

    struct File {
        var statistics: FileStatistics
        var readsPerSecond: Double?
    }

    var rows: [Row]
    var files: [File]
    var readsPerSecond: Double?
    var errorsPerSecond: Double?

    /// - Parameter before: an earlier sample; `nil` where there is none yet, and then there are no rates.
    init(_ now: TopSample, since before: TopSample?) {
        let seconds = before.map { now.time > $0.time ? Double(now.time - $0.time) / 1e9 : 0 } ?? 0
        func rate(_ new: Int64?, _ old: Int64?) -> Double? {
            guard seconds > 0, let new, let old, new >= old else { return nil }
            return Double(new.saturatingSubtract(old)) / seconds
        }
        // What a worker counts starts again with its successor.
        let isSameWorker = before?.status.generation == now.status.generation && before?.status.startedAt == now.status.startedAt
        let earlier = Dictionary((before?.containers ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        rows = now.containers.map { container in
            let old = earlier[container.id].flatMap { $0.startedAt == container.startedAt ? $0 : nil }
            return Row(
                container: container,
                cpus: rate(container.cpuUsageMicroseconds, old?.cpuUsageMicroseconds).map { $0 / 1e6 },
                readsPerSecond: isSameWorker ? rate(container.reads, old?.reads) : nil)
        }
        let earlierFiles = Dictionary((before?.status.files ?? []).map { ($0.file, $0.reads) }, uniquingKeysWith: { first, _ in first })
        files = now.status.files.map { file in
            File(statistics: file, readsPerSecond: isSameWorker ? rate(file.reads, earlierFiles[file.file]) : nil)
        }
        let isSameMount = before?.status.startedAt == now.status.startedAt
        readsPerSecond = isSameMount ? rate(now.status.reads, before?.status.reads) : nil
        errorsPerSecond = isSameMount ? rate(now.status.errors, before?.status.errors) : nil
    }
}
