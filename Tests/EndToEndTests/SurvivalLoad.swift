import TestContainers

/// Eight readers of all files in four containers with limits of their own, and one in a fifth where a task runs all the time.
///
/// Each checks every text, see Tests/survival-reader.
final class SurvivalLoad {
    /// What the readers saw.
    struct Outcome: CustomStringConvertible {
        /// System calls, and texts that were checked.
        var calls = 0
        var texts = 0
        /// Lines of the readers: wrong texts and errors; calls that did not return.
        var faults: [String] = []
        var hangs: [String] = []
        /// Calls of more than a millisecond: when they began, in seconds of CLOCK_MONOTONIC, and how long they took.
        var slow: [(began: Double, seconds: Double, path: String)] = []
        /// Calls by their time in nanoseconds, lower bounds.
        var latencies: [UInt64: Int] = [:]

        /// The time that this share of the calls did not pass, in milliseconds.
        func latency(_ share: Double) -> Double {
            var left = Int(Double(latencies.values.reduce(0, +)) * share)
            for (nanoseconds, count) in latencies.sorted(by: { $0.key < $1.key }) {
                left -= count
                if left < 0 { return Double(nanoseconds) / 1e6 }
            }
            return (latencies.keys.max().map(Double.init) ?? 0) / 1e6
        }

        /// The longest call that was going on at some time between two moments, in milliseconds; 0 where none took 1 ms.
        func pause(from begin: Double, to end: Double) -> Double {
            slow.filter { $0.began < end && $0.began + $0.seconds > begin }.map { $0.seconds * 1000 }.max() ?? 0
        }

        /// The longest call after each of these moments, up to the next; ascending, in milliseconds.
        /// - Parameter alone: leaves out moments that share their longest call with another one.
        func pauses(after moments: [Double], alone: Bool = false) -> [Double] {
            zip(moments, moments.dropFirst() + [.infinity]).compactMap { begin, end in
                let longest = slow.filter { $0.began < end && $0.began + $0.seconds > begin }.max { $0.seconds < $1.seconds }
                guard let longest else { return 0 }
                let within = moments.count { $0 > longest.began && $0 < longest.began + longest.seconds }
                return alone && within > 1 ? nil : longest.seconds * 1000
            }.sorted()
        }

        var description: String {
            "\(texts) texts by \(calls) calls, p50 \(rounded(latency(0.5))) ms, p99 \(rounded(latency(0.99))) ms, "
                + "p99.99 \(rounded(latency(0.9999))) ms, longest \(rounded(slow.map(\.seconds).max().map { $0 * 1000 } ?? latency(1))) ms; "
                + "\(faults.count) faults, \(hangs.count) hangs"
        }
    }

    /// How long a call may take before it counts as hung.
    static let patience = 20 * Machine.patience
    /// The program.
    static let reader = LXCFSProcess.built("survival-reader")

    private let daemon: LXCFSProcess
    private var containers: [TestContainer] = []
    private var commands: [(command: Command, isMeasured: Bool)] = []
    private var burner: Command?
    private let omitted: String?

    /// Starts the readers and waits until all read.
    /// - Parameter pause: what a reader sleeps after each file, in microseconds.
    /// - Parameter omitted: a file that is not read.
    init(on daemon: LXCFSProcess, seed: UInt64 = 1, pause: Int = 2000, without omitted: String? = nil) throws(BenchError) {
        self.daemon = daemon
        self.omitted = omitted
        for number in 0..<(SurvivalRun.isSlow ? 2 : 4) {
            let (limits, cpus) = SurvivalLoad.limits(number)
            let container = try TestContainer(limits, mountPoint: daemon.mountPoint)
            containers.append(container)
            for reader in 0..<(SurvivalRun.isSlow ? 1 : 2) {
                try start(container, limits, cpus, seed: seed + UInt64(2 * number + reader), pause, isBusy: false)
            }
        }
        let limits = Limits(memory: 80 << 20, cpus: 0.25)
        let busy = try TestContainer(limits, mountPoint: daemon.mountPoint)
        containers.append(busy)
        burner = try busy.start(["sh", "-c", "while :; do :; done"])
        // Its reader has a small share of a small share of a CPU: how long its calls take says nothing of the daemon.
        try start(busy, limits, [Machine.cpus[0]], seed: seed + 8, pause, isBusy: true)
        let commands = commands
        guard Machine.wait(30, until: { commands.allSatisfy { $0.command.outputSoFar.hasPrefix("reading") } }) else {
            throw BenchError("a reader did not start: \(commands.map(\.command.errorsSoFar))")
        }
    }

    deinit {
        for container in containers { container.stop() }
    }

    /// One CPU or more, by the CPU set or by the quota: each container is different from its neighbours.
    private static func limits(_ number: Int) -> (limits: Limits, cpus: [Int]) {
        let memory = UInt64(96 + 16 * number) << 20
        let all = Machine.cpus.map(String.init).joined(separator: ",")
        guard Machine.cpus.count > 1 else { return (Limits(memory: memory, cpuset: all), Machine.cpus) }
        switch number % 4 {
        case 0: return (Limits(memory: memory, cpuset: "\(Machine.cpus[0])"), [Machine.cpus[0]])
        case 1: return (Limits(memory: memory, cpuset: "\(Machine.cpus[1])"), [Machine.cpus[1]])
        case 2: return (Limits(memory: memory, cpus: 1, cpuset: all), [Machine.cpus[0]])
        default: return (Limits(memory: memory, cpuset: all), Machine.cpus)
        }
    }

    private func start(
        _ container: TestContainer, _ limits: Limits, _ cpus: [Int], seed: UInt64, _ pause: Int, isBusy: Bool
    ) throws(BenchError) {
        let arguments =
            [
                SurvivalLoad.reader, "\((limits.memory ?? 0) / 1024)", cpus.map(String.init).joined(separator: ","), "\(seed)", "\(pause)",
                "\(SurvivalLoad.patience)", isBusy ? "busy" : "idle",
            ] + (omitted.map { [$0] } ?? [])
        commands.append((try container.start(arguments, holdsInput: true), !isBusy))
    }

    /// Whether any reader has reported something wrong so far, and what.
    var faultsSoFar: [String] {
        commands.flatMap { $0.command.outputSoFar.split(separator: "\n") }.filter { $0.hasPrefix("fault ") || $0.hasPrefix("hang ") }.map(
            String.init)
    }

    /// Whether the load of the container where a task runs is counted on: a minute's average of 1 is 0.08 five seconds after its start, and what was
    /// counted before falls by less than a tenth in that time.
    func isLoadCounted() -> Bool {
        Machine.wait(20) {
            let text = (try? self.containers.last?.read("/proc/loadavg")) ?? ""
            return text.split(separator: " ").first.flatMap { Double($0) } ?? 0 > 0.05
        }
    }

    /// Lets every reader finish its pass, and gives what they saw. Where one does not end, the daemon is killed, which frees it.
    func finish() -> Outcome {
        for (command, _) in commands { command.send("end\n") }
        let hasEnded = Machine.wait(20 + SurvivalLoad.patience / Machine.patience) { !self.commands.contains { $0.command.isRunning } }
        if !hasEnded { daemon.abort() }
        var outcome = Outcome()
        for (command, isMeasured) in commands {
            let end = command.wait(seconds: 15)
            if !hasEnded || end != .exited(0) { outcome.hangs.append("a reader ended so: \(end) \(command.errorsSoFar)") }
            read(command.outputSoFar, isMeasured, into: &outcome)
        }
        burner?.kill()
        for container in containers { container.stop() }
        return outcome
    }

    private func read(_ text: String, _ isMeasured: Bool, into outcome: inout Outcome) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            switch words.first {
            case "fault": outcome.faults.append(String(line))
            case "hang": outcome.hangs.append(String(line))
            case "slow" where isMeasured && words.count > 3:
                outcome.slow.append(((Double(words[1]) ?? 0) / 1e9, (Double(words[2]) ?? 0) / 1e9, String(words[3])))
            case "latency" where isMeasured && words.count > 2:
                outcome.latencies[UInt64(words[1]) ?? 0, default: 0] += Int(words[2]) ?? 0
            case "reads" where words.count > 3:
                outcome.calls += Int(words[1]) ?? 0
                outcome.texts += Int(words[2]) ?? 0
            default: break
            }
        }
    }
}

/// To a hundredth.
func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

/// The value that this share of them does not pass.
func percentile(_ share: Double, of ascending: [Double]) -> Double {
    ascending.isEmpty ? 0 : ascending[min(ascending.count - 1, Int(Double(ascending.count) * share))]
}
