import ContainerViews
import LinuxSystem
import Synchronization
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("How often and how fast files are read")
struct RequestStatisticsTests {
    @Test func everyLatencyIsInTheClassThatEndsAtMostAQuarterAboveIt() {
        var latency: UInt64 = 1
        while latency < 20_000_000_000 {
            let number = LatencyHistogram.number(of: latency)
            #expect((0..<LatencyHistogram.classCount).contains(number))
            let end = LatencyHistogram.end(of: number)
            #expect(end > latency, "\(latency)")
            if latency >= 1024, latency < 17_000_000_000 { #expect(Double(end) <= Double(latency) * 1.25 + 1, "\(latency)") }
            if number > 0 { #expect(LatencyHistogram.end(of: number - 1) <= latency, "\(latency)") }
            latency += max(1, latency / 7)
        }
        #expect(LatencyHistogram.number(of: 0) == 0)
        #expect(LatencyHistogram.number(of: .max) == LatencyHistogram.classCount - 1)
    }

    @Test func percentilesAreTheEndsOfTheClassesThatHoldThem() {
        var counts = [UInt64](repeating: 0, count: LatencyHistogram.classCount)
        counts[0] = 50
        counts[10] = 49
        counts[40] = 1
        let histogram = LatencyHistogram(counts: counts, errors: 0, totalNanoseconds: 0)
        #expect(histogram.reads == 100)
        #expect(histogram.percentile(50) == LatencyHistogram.end(of: 0))
        #expect(histogram.percentile(90) == LatencyHistogram.end(of: 10))
        #expect(histogram.percentile(99) == LatencyHistogram.end(of: 10))
        #expect(histogram.percentile(100) == LatencyHistogram.end(of: 40))
        #expect(histogram.longest == LatencyHistogram.end(of: 40))
        let empty = LatencyHistogram(counts: [0, 0], errors: 0, totalNanoseconds: 0)
        #expect(empty.percentile(50) == nil && empty.longest == nil)
    }

    @Test func aReadCountsForItsFileItsContainerAndTheMount() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let statistics = RequestStatistics(totals: worker.counters)
        let scope = ContainerScope(name: "/a", isHost: false, startedAt: 0)
        let start = Clock.monotonic
        let meminfo = try #require(ViewTable.node(at: "proc/meminfo"))
        let folder = try #require(ViewTable.node(at: "sys/devices/system/cpu/cpu0/topology/core_id"))
        statistics.count(meminfo, for: scope, since: start, isError: false)
        statistics.count(meminfo, for: nil, since: start, isError: true)
        statistics.count(folder, for: scope, since: start, isError: false)
        let lines = Dictionary(uniqueKeysWithValues: statistics.histograms.map { ($0.file, $0.histogram) })
        #expect(lines["proc/meminfo"]?.reads == 2 && lines["proc/meminfo"]?.errors == 1)
        #expect(lines["other"]?.reads == 1)
        #expect(lines["proc/stat"]?.reads == 0)
        #expect(scope.reads.load(ordering: .relaxed) == 2)
        #expect(worker.counters[.reads] == 3 && worker.counters[.readErrors] == 1)
        #expect(bench.running().counters[.reads] == 3, "the next worker goes on")
    }

    @Test func noCountIsLostOnTheWayToTheSharedMemory() throws {
        let bench = try StateBench()
        let worker = bench.worker()
        let threads = try (0..<4).map { index in
            try JoinableThread(name: "count-\(index)", stackSize: 256 << 10) { for _ in 0..<20_000 { worker.counters.add(.reads) } }
        }
        _ = worker.takeOver()
        threads.forEach { $0.join() }
        #expect(worker.counters[.reads] == 80_000)
    }
}
