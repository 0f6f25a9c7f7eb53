internal import Glibc
internal import Synchronization
import TestContainers
import Testing

/// Everything that unmodified programs see in real containers with real cgroups, on whatever layout this machine has.
///
/// One after the other: they measure CPU time, and share one daemon.
@Suite(
    "End to end", .serialized,
    .enabled(if: Machine.isRoot, "end-to-end tests need root"),
    .enabled(if: Machine.hasFUSE, "end-to-end tests need /dev/fuse"),
    .enabled(if: LXCFSProcess.isBuilt, "the daemon is not built: swift build --product lxcfs, or set LXCFS_BINARY"),
    .timeLimit(.minutes(20)))
struct EndToEnd {}

/// What all end-to-end tests share.
enum Bench {
    /// 256 MiB.
    static let memory: UInt64 = 256 << 20

    /// The shared daemon's mount point.
    static func mountPoint() throws(BenchError) -> String {
        try daemon().mountPoint
    }

    /// The shared daemon; started by the first who asks, stopped when the tests end.
    static func daemon() throws(BenchError) -> LXCFSProcess {
        try shared.withLock { shared throws(BenchError) in
            if let running = shared.daemon, running.command.isRunning { return running }
            guard shared.daemon == nil else { throw BenchError("the shared daemon died: \(shared.daemon?.command.errorsSoFar ?? "")") }
            TemporaryFolder.removeLeftovers()
            TestCgroup.removeLeftovers()
            atexit { Bench.stop() }
            let started = try LXCFSProcess()
            shared.daemon = started
            return started
        }
    }

    /// A container with these limits, served by the shared daemon.
    static func container(
        _ limits: Limits = Limits(), cgroup: TestCgroup? = nil, namespaces: ContainerNamespaces = .own
    ) throws(BenchError) -> TestContainer {
        try TestContainer(limits, cgroup: cgroup, mountPoint: mountPoint(), namespaces: namespaces)
    }

    /// A container with 256 MiB and one CPU, made by the first who asks.
    static func small() throws(BenchError) -> TestContainer {
        if let existing = shared.withLock({ $0.small }) { return existing }
        let made = try container(Limits(memory: memory, cpus: 1, cpuset: "\(Machine.cpus[0])"))
        shared.withLock { $0.small = made }
        return made
    }

    /// Ends what is shared.
    static func stop() {
        let (container, daemon) = shared.withLock { shared in
            defer { shared = Shared() }
            return (shared.small, shared.daemon)
        }
        container?.stop()
        container?.cgroup.remove()
        daemon?.stop()
    }

    private struct Shared: @unchecked Sendable {
        // Tests run one after the other; the lock orders them with the end of the process.
        var daemon: LXCFSProcess?
        var small: TestContainer?
    }
    private static let shared = Mutex(Shared())
}

/// The text with every number replaced by one `#`, and runs of blanks by one: what stays the same when only counters move.
func withoutNumbers(_ text: String) -> String {
    var result: [Character] = []
    for character in text {
        let shown: Character = character.isNumber || character == "." ? "#" : character
        if (shown == "#" || shown == " "), result.last == shown { continue }
        result.append(shown)
    }
    return String(result)
}

/// The numbers of the first line that begins with `label`, split at blanks.
func numbers(of label: String, in text: String) -> [UInt64] {
    for line in text.split(separator: "\n") {
        let words = line.split { $0 == " " || $0 == "\t" }
        if words.first.map(String.init) == label { return words.dropFirst().compactMap { UInt64($0) } }
    }
    return []
}

/// The names cpuN of a /proc/stat, in its order.
func cpuNames(inStat text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
        guard let name = line.split(separator: " ").first, name.hasPrefix("cpu"), name.count > 3 else { return nil }
        return String(name)
    }
}

/// Clock ticks of a second in /proc/stat.
let ticks = 100.0

/// User, nice and system time of the `cpu` line, in seconds.
func busySeconds(inStat text: String) -> Double {
    Double(numbers(of: "cpu", in: text).prefix(3).reduce(0, +)) / ticks
}
