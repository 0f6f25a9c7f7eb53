import ContainerViews
import ProcText
import Synchronization
import TestSupport
import Testing

@Suite("/proc/loadavg")
struct LoadAveragesTests {
    static let second: UInt64 = 1_000_000_000

    private func sample(_ running: UInt64, blocked: UInt64 = 0) -> LoadSample {
        LoadSample(running: running, blocked: blocked, total: 9, newestPID: 42)
    }

    /// An average as a number, without rounding.
    private func value(_ load: LoadAverages, _ index: Int) -> Double { Double(load.averages[index]) / 2048 }

    @Test func oneTaskForAMinuteIsTwoThirdsOfOne() {
        var load = LoadAverages()
        load.sample(sample(0), now: 0, startedAt: 0)
        for tick in 1...12 { load.sample(sample(1), now: UInt64(tick) * 5 * Self.second, startedAt: 0) }
        #expect(abs(value(load, 0) - 0.632) < 0.01)
        #expect(abs(value(load, 1) - 0.181) < 0.01)
        #expect(abs(value(load, 2) - 0.0645) < 0.01)
    }

    @Test func isOverdueWhenTwoSamplesWereMissed() {
        var load = LoadAverages()
        #expect(load.isOverdue(at: 0))
        load.sample(sample(1), now: 60 * Self.second, startedAt: 0)
        #expect(!load.isOverdue(at: 0) && !load.isOverdue(at: 70 * Self.second))
        #expect(load.isOverdue(at: 71 * Self.second))
    }

    @Test func uninterruptibleTasksCount() {
        var load = LoadAverages()
        load.sample(sample(1, blocked: 2), now: 3600 * Self.second, startedAt: 0)
        #expect(abs(value(load, 0) - 3) < 0.01)
    }

    @Test(arguments: [1, 2, 3, 7, 60, 1000])
    func aLateTickIsAsManyAsWereMissed(count: Int) {
        var punctual = LoadAverages()
        var late = LoadAverages()
        for _ in 0..<2 {
            punctual.sample(sample(5), now: 60 * Self.second, startedAt: 0)
            late.sample(sample(5), now: 60 * Self.second, startedAt: 0)
        }
        for tick in 1...count { punctual.sample(sample(2), now: UInt64(60 + tick * 5) * Self.second, startedAt: 0) }
        late.sample(sample(2), now: UInt64(60 + count * 5) * Self.second, startedAt: 0)
        // Each tick rounds up while the average grows and down while it falls; at most half a hundredth per level of 2048.
        for index in 0..<3 { #expect(abs(value(punctual, index) - value(late, index)) < 0.05, "\(index)") }
    }

    @Test func anEarlySampleKeepsTheAveragesAndTheCounts() {
        var load = LoadAverages()
        load.sample(sample(4), now: 100 * Self.second, startedAt: 0)
        let before = (0..<3).map { load.averages[$0] }
        load.sample(sample(9), now: 102 * Self.second, startedAt: 0)
        #expect((0..<3).map { load.averages[$0] } == before)
        #expect(load.last?.running == 9)
        load.sample(sample(4), now: 105 * Self.second, startedAt: 0)
        #expect(load.lastTickAt == 105 * Self.second)
    }

    @Test func theAverageNeverLeavesTheCounts() {
        var random = SeededGenerator(seed: 3)
        var load = LoadAverages()
        var now: UInt64 = 0
        for _ in 0..<500 {
            now += UInt64.random(in: 0...60, using: &random) * Self.second
            load.sample(sample(UInt64.random(in: 0...7, using: &random)), now: now, startedAt: 0)
            for index in 0..<3 { #expect(value(load, index) <= 7) }
        }
    }

    @Test func absurdCountsAndTimesTrapNowhere() {
        var load = LoadAverages()
        for now: UInt64 in [.max, 0, 1, .max - 1, .max] {
            load.sample(LoadSample(running: .max, blocked: .max, total: .max, newestPID: .max), now: now, startedAt: .max)
            _ = load.isWatched(at: now)
        }
        #expect(load.last?.running == .max)
    }

    @Test func nobodyIsSampledForAQuarterOfAnHourWithoutAReader() {
        var load = LoadAverages()
        #expect(!load.isWatched(at: 0))
        load.lastReadAt = 10 * Self.second
        #expect(load.isWatched(at: 10 * Self.second))
        #expect(load.isWatched(at: 5 * Self.second))
        #expect(load.isWatched(at: 910 * Self.second))
        #expect(!load.isWatched(at: 911 * Self.second))
    }

    private func reader() throws -> (FixtureHost, FixtureReader) {
        let host = try FixtureHost()
        try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try host.write("sys/fs/cgroup/cgroup.controllers", "pids\n")
        try host.write("sys/fs/cgroup/web/pids.current", "12\n")
        try host.write("proc/stat", "btime 1700000000\n")
        try host.write("sys/devices/system/cpu/online", "0\n")
        let reader = try host.reader(caller: "0::/web\n")
        reader.context.now = 600 * Self.second
        return (host, reader)
    }

    @Test func theFirstReaderAsksForASampleAndWaitsForIt() throws {
        let (host, reader) = try reader()
        reader.context.sampleLoad = { container in
            container.load.withLock { load in
                load.sample(LoadSample(running: 2, blocked: 1, total: 11, newestPID: 77), now: 600_000_000_000, startedAt: 0)
            }
        }
        // Three tasks for 120 intervals: 3 (1 - d^120), d = 1884/2048, 2014/2048, 2037/2048.
        let words = try reader.read("proc/loadavg").split(whereSeparator: " \n".contains)
        for (word, expected) in zip(words, [3, 2.597, 1.428]) { #expect(abs((Double(word) ?? -1) - expected) < 0.015, "\(word)") }
        #expect(words.suffix(2) == ["2/12", "77"])
        #expect(try reader.read("proc/stat").contains("\nprocesses 12\nprocs_running 2\nprocs_blocked 1\n"))
        #expect(reader.container.load.withLock { $0.lastReadAt } == 600 * Self.second)
        _ = host
    }

    @Test func theNumberOfProcessesInStatNeverGoesBack() throws {
        let (host, reader) = try reader()
        #expect(try reader.read("proc/stat").contains("\nprocesses 12\n"))
        try host.write("sys/fs/cgroup/web/pids.current", "3\n")
        #expect(try reader.read("proc/stat").contains("\nprocesses 12\n"))
        #expect(try reader.read("proc/loadavg") == "0.00 0.00 0.00 1/3 1\n")
    }

    @Test func theBootTimeIsTheHostsAndFollowsItsClock() throws {
        let (host, reader) = try reader()
        #expect(try reader.read("proc/stat").contains("\nbtime 1700000000\n"))
        try host.write("proc/stat", "btime 1800000000\n")
        reader.context.now += 10 * Self.second
        #expect(try reader.read("proc/stat").contains("\nbtime 1800000000\n"))
    }
}
