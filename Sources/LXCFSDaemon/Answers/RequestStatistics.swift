internal import ContainerViews
internal import LinuxSystem
internal import ProcText
internal import Synchronization

/// How often each file was read, and how long that took: by this worker.
///
/// What counts is a READ for which a text is made, as the one of offset 0 is; the parts of a text that is kept, stat(2) and lookups do not. Its
/// latency is from where the request, just received, reaches the file system until the kernel has taken the answer: finding the container,
/// reading its cgroups, writing the text, copying it out. Counting costs two looks at the clock and four additions, and waits for nobody.
final class RequestStatistics: Sendable {
    /// The files that have a line of their own: those that programs read over and over. All others are `other`.
    static let files: [String] = ViewTable.files.filter { $0.hasPrefix("proc/") || own.contains($0) } + ["other"]
    private static let own: Set<String> = [
        "sys/devices/system/cpu/online", "sys/devices/system/cpu/possible", "sys/devices/system/cpu/present",
        "sys/devices/system/node/online",
    ]

    /// Which counters a fixed node has, by its number.
    private let indexes: [Int]
    private let counters: [ReadCounters]
    private let totals: StateCounters

    /// - Parameter totals: reads and errors since the mount.
    init(totals: StateCounters) {
        self.totals = totals
        counters = RequestStatistics.files.map { _ in ReadCounters() }
        let other = counters.count - 1
        var indexes = [Int](repeating: other, count: 256)
        for (index, path) in RequestStatistics.files.enumerated() {
            if let node = ViewTable.node(at: path), Int(node.rawValue) < indexes.count { indexes[Int(node.rawValue)] = index }
        }
        self.indexes = indexes
    }

    /// Counts a read.
    /// - Parameters:
    ///   - container: who was given the text; `nil` where it could not be told who asks.
    ///   - start: when the request came, in nanoseconds of CLOCK_MONOTONIC.
    func count(_ node: ViewNode, for container: ContainerScope?, since start: UInt64, isError: Bool) {
        let number = Int(node.rawValue)
        let index = number < indexes.count ? indexes[number] : counters.count - 1
        counters[index].count(nanoseconds: Clock.monotonic.saturatingSubtract(start), isError: isError)
        container?.reads.add(1, ordering: .relaxed)
        totals.add(.reads)
        if isError { totals.add(.readErrors) }
    }

    /// What was counted for each of `files`.
    var histograms: [(file: String, histogram: LatencyHistogram)] {
        zip(RequestStatistics.files, counters).map { ($0, $1.histogram) }
    }
}

/// The reads of one file.
private final class ReadCounters: Sendable {
    private let classes: InlineArray<98, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let errors = Atomic<UInt64>(0)
    private let nanoseconds = Atomic<UInt64>(0)

    func count(nanoseconds: UInt64, isError: Bool) {
        classes[LatencyHistogram.number(of: nanoseconds)].add(1, ordering: .relaxed)
        self.nanoseconds.add(nanoseconds, ordering: .relaxed)
        if isError { errors.add(1, ordering: .relaxed) }
    }

    var histogram: LatencyHistogram {
        LatencyHistogram(
            counts: classes.indices.map { classes[$0].load(ordering: .relaxed) }, errors: errors.load(ordering: .relaxed),
            totalNanoseconds: nanoseconds.load(ordering: .relaxed))
    }
}

/// Latencies in classes: up to 1.024 microseconds, then four to each doubling, up to 17 seconds, and what is longer. A class is at most a quarter wide.
struct LatencyHistogram: Sendable, Equatable {
    /// How many classes there are.
    static let classCount = 98
    private static let firstExponent = 10
    private static let lastExponent = 33

    /// Reads in each class.
    let counts: [UInt64]
    /// Reads that were answered with an error; they are in a class too.
    let errors: UInt64
    /// The sum of all latencies.
    let totalNanoseconds: UInt64

    /// All reads.
    var reads: UInt64 { counts.reduce(0) { $0.saturatingAdd($1) } }

    /// The class that a latency falls into.
    static func number(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >> UInt64(firstExponent) > 0 else { return 0 }
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        guard exponent <= lastExponent else { return classCount - 1 }
        return 1 + (exponent - firstExponent) * 4 + Int(nanoseconds >> UInt64(exponent - 2) & 3)
    }

    /// Where a class ends, in nanoseconds: what falls into it is less. The last one has no end, and is said to be twice as wide as it begins.
    static func end(of number: Int) -> UInt64 {
        guard number > 0 else { return 1 << UInt64(firstExponent) }
        guard number < classCount - 1 else { return 1 << UInt64(lastExponent + 2) }
        let exponent = UInt64(firstExponent + (number - 1) / 4)
        return UInt64(5 + (number - 1) % 4) << (exponent - 2)
    }

    /// The latency that so many hundredths of the reads did not exceed: the end of the class in which it lies. `nil` where there was no read.
    func percentile(_ hundredths: UInt64) -> UInt64? {
        let reads = reads
        guard reads > 0 else { return nil }
        // Rounded up: of three reads the third is the 90th percentile.
        let rank = max(1, reads.saturatingSubtract(reads.scaled(by: 100 - min(hundredths, 100), over: 100)))
        var seen: UInt64 = 0
        for (number, count) in counts.enumerated() {
            seen = seen.saturatingAdd(count)
            if seen >= rank { return LatencyHistogram.end(of: number) }
        }
        return nil
    }

    /// The end of the highest class that is not empty.
    var longest: UInt64? { counts.lastIndex { $0 > 0 }.map { LatencyHistogram.end(of: $0) } }
}
