import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd {
    /// A mount that does not die.
    @Suite("Survival", .serialized, .enabled(if: Machine.exists(SurvivalLoad.reader), "not built: swift build --product survival-reader"))
    struct Survival {
        @Test func readersReadTheirOwnNumbersWhileNothingHappens() throws {
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon, seed: SurvivalRun.seed)
            Machine.pause(4 * Machine.patience)
            let outcome = load.finish()
            print("undisturbed: \(outcome)")
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.stop() == .exited(0))
        }

        @Test func theWorkerMayDieAtAnyMoment() throws {
            let count = SurvivalRun.count(200, long: 2000)
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon, seed: SurvivalRun.seed)
            // What readers wait for while nothing happens.
            Machine.pause(2 * Machine.patience)
            var random = SeededGenerator(seed: SurvivalRun.seed)
            var kills: [Double] = []
            var last: Int32?
            while kills.count < count, let worker = daemon.waitForWorker(otherThan: last) {
                // Some live long enough to serve for a while.
                let isLate = random.oneIn(10)
                Machine.pause(Double.random(in: 0..<0.06, using: &random) * Machine.patience + (isLate ? 0.2 : 0))
                kills.append(Machine.now)
                kill(worker, SIGKILL)
                last = worker
            }
            #expect(kills.count == count, "no new worker came: \(daemon.command.errorsSoFar.suffix(2000))")
            #expect(daemon.waitUntilSettled() != nil)
            Machine.pause(1)
            let outcome = load.finish()
            SurvivalRun.report("kills", kills, outcome)
            SurvivalRun.expectNothingWrong(outcome, daemon)
            // A minute's average of 1 is 0.15 after ten seconds.
            if Machine.patience == 1, kills.count == count { #expect(outcome.load > 0.1, "the load was counted on") }
            #expect(daemon.command.isRunning && ProcessTable.children(of: daemon.command.pid).count == 1)
            #expect(daemon.stop() == .exited(0))
        }

        @Test func twoWorkersMayDieAtOnceDuringAReload() throws {
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon, seed: SurvivalRun.seed)
            var random = SeededGenerator(seed: SurvivalRun.seed)
            for _ in 0..<SurvivalRun.count(30, long: 300) {
                let old = try #require(daemon.waitUntilSettled(), "\(daemon.command.errorsSoFar.suffix(2000))")
                daemon.command.signal(SIGUSR1)
                Machine.pause(Double.random(in: 0..<0.05, using: &random) * Machine.patience)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: kill(old, SIGKILL)
                case 1: daemon.workers.filter { $0 != old }.forEach { kill($0, SIGKILL) }
                default: daemon.workers.forEach { kill($0, SIGKILL) }
                }
            }
            #expect(daemon.waitUntilSettled() != nil, "\(daemon.command.errorsSoFar.suffix(2000))")
            let outcome = load.finish()
            print("killed during reloads, seed \(SurvivalRun.seed): \(outcome)")
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.stop() == .exited(0))
        }
    }
}
