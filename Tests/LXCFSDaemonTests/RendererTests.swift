import Cgroups
import LinuxSystem
import Logging
import Synchronization
import TestSupport
import Testing

@testable import ContainerViews
@testable import LXCFSDaemon

/// What a reader gets when a view cannot be rendered: never nothing, never a trap.
@Suite("When a view fails")
struct RendererTests {
    private static let meminfo = ViewNode(rawValue: 19)
    private static let goodHost = """
        MemTotal:        1000000 kB
        MemFree:          900000 kB
        MemAvailable:     950000 kB
        SwapTotal:             0 kB

        """

    /// A host with one container that is limited to 64 MiB, and what was logged.
    private struct Bench {
        let fixture: FixtureHost
        let renderer: Renderer
        let scope: ContainerScope
        let fallbacks: FallbackLog
        let lines = LogLines()

        init() throws {
            fixture = try FixtureHost()
            try fixture.write("proc/meminfo", RendererTests.goodHost)
            try fixture.write("proc/self/ns/pid", "")
            try fixture.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n")
            try fixture.write("sys/fs/cgroup/cgroup.controllers", "memory\n")
            try fixture.write("sys/fs/cgroup/web/memory.max", "67108864\n")
            try fixture.write("sys/fs/cgroup/web/memory.current", "1048576\n")
            try fixture.write("sys/fs/cgroup/web/memory.stat", "anon 1048576\n")
            scope = try fixture.reader(caller: "0::/web\n").container
            let host = try HostFilesystem(fixture: fixture.root)
            let shared = try SharedMemory(name: "lxcfs-test", count: WorkerMemory.byteCount)
            let memory = WorkerMemory(in: shared.region(0..<shared.count))
            let resolver = try ScopeResolver(host, layout: fixture.layout(), records: memory.containers)
            let lines = lines
            fallbacks = FallbackLog(Logger(label: "test") { _ in CapturingLogHandler(lines: lines) }, counters: memory.counters)
            renderer = Renderer(
                host, hostScope: resolver.hostScope, settings: ViewSettings(),
                sampler: LoadSampler(host, resolver: resolver, memory: memory), fallbacks: fallbacks)
        }

        func read() -> String? {
            renderer.text(of: RendererTests.meminfo, for: scope, caller: 0).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func aReaderGetsTheLastGoodTextOfItsContainer() throws {
        let bench = try Bench()
        let good = try #require(bench.read())
        #expect(good.hasPrefix("MemTotal:          65536 kB\n"))
        try bench.fixture.write("proc/meminfo", "garbage\n")
        #expect(bench.read() == good)
        #expect(bench.fallbacks.total == 1)
    }

    @Test func aReaderWhoNeverGotAGoodTextGetsTheHostsFile() throws {
        let bench = try Bench()
        try bench.fixture.write("proc/meminfo", "garbage\n")
        #expect(bench.read() == "garbage\n")
        #expect(bench.fallbacks.total == 1)
    }

    @Test func withoutAHostFileThereIsAnErrorAndNoEmptyFile() throws {
        let bench = try Bench()
        bench.fixture.remove("proc/meminfo")
        #expect(bench.read() == nil)
        #expect(bench.renderer.length(of: RendererTests.meminfo, for: bench.scope, caller: 0) == 0)
    }

    @Test func theViewIsBackAsSoonAsItsFilesAre() throws {
        let bench = try Bench()
        try bench.fixture.write("proc/meminfo", "garbage\n")
        _ = bench.read()
        try bench.fixture.write("proc/meminfo", RendererTests.goodHost)
        #expect(bench.read()?.hasPrefix("MemTotal:          65536 kB\n") == true)
    }

    @Test func oneLineNamesContainerFileAndCauseHoweverOftenItFails() throws {
        let bench = try Bench()
        try bench.fixture.write("proc/meminfo", "garbage\n")
        for _ in 0..<100 { _ = bench.read() }
        #expect(bench.fallbacks.total == 100)
        let lines = bench.lines.all
        #expect(lines.count == 1)
        #expect(lines.first?.contains("proc/meminfo") == true && lines.first?.contains("/fixture") == true, "\(lines)")
    }

    @Test func aNodeThatStandsForNothingHasNoText() throws {
        let bench = try Bench()
        for raw: UInt32 in [0, 1, 15, 200, 1 << 28 | 255, 3 << 28, .max] {
            #expect(bench.renderer.text(of: ViewNode(rawValue: raw), for: bench.scope, caller: 0) == nil)
        }
    }
}

/// The lines that were logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct CapturingLogHandler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append(event.message.description) }
}
