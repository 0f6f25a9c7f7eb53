import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd {
    /// A mount that does not die.
    @Suite("Survival", .serialized, .enabled(if: Machine.exists(SurvivalLoad.reader), "not built: swift build --product survival-reader"))
    struct Survival {
        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func readersReadTheirOwnNumbersWhileNothingHappens() throws {
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon, seed: SurvivalRun.seed)
            Machine.pause(4 * Machine.patience)
            let outcome = load.finish()
            print("undisturbed: \(outcome)")
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.stop() == .exited(0))
        }

        /// What the other tests rest on.
        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func theReadersReportWhatIsWrongAndWhatHangs() throws {
            let daemon = try SurvivalRun.daemon()
            let memory = UInt64(64 << 20)
            let container = try TestContainer(Limits(memory: memory, cpuset: "\(Machine.cpus[0])"), mountPoint: daemon.mountPoint)
            let reader = { (kibibytes: UInt64, cpus: String) throws(BenchError) -> Command in
                try container.start([SurvivalLoad.reader, "\(kibibytes)", cpus, "1", "1000", "1", "idle"], holdsInput: true)
            }
            let right = try reader(memory / 1024, "\(Machine.cpus[0])")
            let wrong = try reader(memory / 1024 + 4, "\(Machine.cpus[0]),\(Machine.cpus[0] + 1)")
            let isReported = Machine.wait(10) {
                ["/proc/meminfo", "/proc/stat", "/proc/cpuinfo", "/sys/devices/system/cpu/online", "/sys/devices/system/cpu"].allSatisfy {
                    wrong.outputSoFar.contains("fault \($0) ")
                }
            }
            #expect(isReported, "\(wrong.outputSoFar)")
            #expect(!right.outputSoFar.contains("fault"), "\(right.outputSoFar)")
            let answers = daemon.worker ?? daemon.command.pid
            kill(answers, SIGSTOP)
            let isHung = Machine.wait(10) { right.outputSoFar.contains("hang /") }
            kill(answers, SIGCONT)
            #expect(isHung, "\(right.outputSoFar)")
            for reader in [right, wrong] {
                reader.send("end\n")
                #expect(reader.wait(seconds: 20) == .exited(0))
            }
            #expect(right.outputSoFar.contains("\nslow ") && daemon.stop() == .exited(0))
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
            if !SurvivalRun.isSlow { #expect(load.isLoadCounted()) }
            let outcome = load.finish()
            SurvivalRun.report("kills", kills, outcome)
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.command.isRunning && ProcessTable.children(of: daemon.command.pid).count == 1)
            #expect(daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func twoWorkersMayDieAtOnceDuringAReload() throws {
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
