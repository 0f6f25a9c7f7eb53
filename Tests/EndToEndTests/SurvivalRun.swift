import TestContainers
import Testing

/// What all tests of survival share. LXCFS_TEST_LONG=1 asks for the long form, LXCFS_TEST_SEED=N for the random moments of an earlier run.
enum SurvivalRun {
    static let isLong = Machine.environment("LXCFS_TEST_LONG") != nil

    /// Whether the machine is emulated: only the most important tests run there, with fewer readers.
    static let isSlow = Machine.patience > 1
    static let tooSlow: Comment = "takes too long on an emulated machine"

    /// How often a short and a long run do something; emulated machines do it a twentieth as often.
    static func count(_ short: Int, long: Int) -> Int {
        isLong ? long : isSlow ? max(3, short / 20) : short
    }

    /// For random moments.
    static let seed = Machine.environment("LXCFS_TEST_SEED").flatMap { UInt64($0) } ?? UInt64(Machine.now * 1e6)

    /// The program as it is shipped, where it was built.
    static func daemon(_ options: [String] = []) throws(BenchError) -> LXCFSProcess {
        try LXCFSProcess(options, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
    }

    /// No reader saw an error or a wrong text, and none hung.
    static func expectNothingWrong(_ outcome: SurvivalLoad.Outcome, _ daemon: LXCFSProcess) {
        let fallbacks = daemon.command.errorsSoFar.split(separator: "\n").filter { $0.contains("; serving ") }
        #expect(outcome.faults.isEmpty, "\(outcome.faults.count): \(outcome.faults.prefix(5)); \(fallbacks.prefix(5))")
        #expect(outcome.hangs.isEmpty, "\(outcome.hangs.prefix(5)), the daemon said: \(daemon.command.errorsSoFar.suffix(3000))")
        #expect(outcome.texts > 0)
    }

    /// Prints how long readers had to wait after each of these moments.
    static func report(_ what: String, _ moments: [Double], _ outcome: SurvivalLoad.Outcome) {
        let all = outcome.pauses(after: moments)
        let alone = outcome.pauses(after: moments, alone: true)
        let figures = { (pauses: [Double]) in
            "p50 \(rounded(percentile(0.5, of: pauses))), p99 \(rounded(percentile(0.99, of: pauses))), longest \(rounded(pauses.last ?? 0)) ms"
        }
        let undisturbed = outcome.pause(from: 0, to: moments.first ?? 0)
        print(
            """
            \(moments.count) \(what), seed \(seed): pauses \(figures(all)); of \(alone.count) that no reader saw together with another: \
            \(figures(alone)); before the first: longest \(rounded(undisturbed)) ms; \(outcome)
            """)
    }
}
