import Glibc
import TestContainers
import Testing

extension EndToEnd.Survival {
    /// Requests that a worker has in hand when it dies, or does not let go of. By hooks in the debug build, see TestHooks.
    @Suite("Request in hand")
    struct RequestInHand {
        /// A daemon whose reads of /proc/meminfo can be held or made to crash, and a container without a pid namespace: its pids are the host's.
        private final class Stage {
            let folder: TemporaryFolder
            let daemon: LXCFSProcess
            let container: TestContainer

            init(_ options: [String] = []) throws {
                folder = try TemporaryFolder()
                let binary = LXCFSProcess.built("lxcfs")
                daemon = try LXCFSProcess(options, binary: binary, environment: ["LXCFS_TEST_HOOKS=" + folder.path])
                container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint, namespaces: .hostPIDs)
            }

            func set(_ hook: String) throws {
                try Machine.write("proc/meminfo", to: "\(folder.path)/\(hook).new", creating: true)
                rename("\(folder.path)/\(hook).new", "\(folder.path)/\(hook)")
            }

            func remove(_ hook: String) { unlink("\(folder.path)/\(hook)") }

            func isHeld(by worker: Int32) -> Bool { Machine.exists("\(folder.path)/held-by-\(worker)") }

            func startReading() throws -> Command { try container.start(["dd", "if=/proc/meminfo", "bs=64k", "status=none"]) }

            /// A read that works.
            func expectServing() throws {
                #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024)
            }

            /// The reader gets its answer, and it is right.
            func expectAnswer(_ reader: Command) {
                #expect(reader.wait(seconds: 20) == .exited(0), "\(reader.errorsSoFar), the daemon: \(daemon.command.errorsSoFar)")
                #expect(Machine.field("MemTotal", of: reader.outputSoFar) == Bench.memory / 1024 && reader.outputSoFar.hasSuffix("\n"))
            }

            /// Holds a reader in the kernel's way no longer than the test lasts.
            deinit {
                remove("hold")
                remove("crash")
            }
        }

        @Test func itsSuccessorAnswersWhatADeadWorkerHeld() throws {
            let stage = try Stage()
            try stage.set("hold")
            let reader = try stage.startReading()
            let old = try #require(stage.daemon.worker)
            try #require(Machine.wait(10) { stage.isHeld(by: old) }, "\(reader.errorsSoFar)")
            kill(old, SIGKILL)
            let new = try #require(stage.daemon.waitForWorker(otherThan: old), "\(stage.daemon.command.errorsSoFar)")
            // The very same request is in the hands of the new one, which serves all others meanwhile.
            #expect(Machine.wait(10) { stage.isHeld(by: new) }, "\(stage.daemon.command.errorsSoFar)")
            #expect(Machine.words(try stage.container.read("/proc/uptime")).count == 2)
            #expect(reader.isRunning)
            stage.remove("hold")
            stage.expectAnswer(reader)
            #expect(stage.daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aReloadWaitsForTheRequestOrPassesItOn() throws {
            let stage = try Stage()
            try stage.set("hold")
            let reader = try stage.startReading()
            let old = try #require(stage.daemon.worker)
            try #require(Machine.wait(10) { stage.isHeld(by: old) }, "\(reader.errorsSoFar)")
            stage.daemon.command.signal(SIGUSR1)
            Machine.pause(1)
            stage.remove("hold")
            stage.expectAnswer(reader)
            #expect(stage.daemon.waitUntilSettled() != nil)
            try stage.expectServing()
            #expect(stage.daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aWorkerThatIsStuckIsReplaced() throws {
            let stage = try Stage(["--request-timeout", "2"])
            try stage.set("hold")
            let old = try #require(stage.daemon.worker)
            let reader = try stage.startReading()
            try #require(Machine.wait(10) { stage.isHeld(by: old) }, "\(reader.errorsSoFar)")
            let new = try #require(stage.daemon.waitForWorker(otherThan: old, seconds: 20), "\(stage.daemon.command.errorsSoFar)")
            stage.remove("hold")
            stage.expectAnswer(reader)
            #expect(new != old && Machine.wait(10) { !ProcessTable.isAlive(old) })
            // What was stuck: the file or its node, and whose request it was.
            #expect(Machine.wait(5) { stage.daemon.logLines("\(reader.pid)") > 0 }, "\(reader.pid): \(stage.daemon.command.errorsSoFar)")
            try stage.expectServing()
            #expect(stage.daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func whatIsStuckTwiceFailsAndNothingElse() throws {
            let stage = try Stage(["--request-timeout", "2"])
            try stage.set("hold")
            let reader = try stage.startReading()
            #expect(reader.wait(seconds: 30) == .exited(1), "\(stage.daemon.command.errorsSoFar)")
            #expect(reader.errorsSoFar.contains("Input/output error"), "\(reader.errorsSoFar)")
            #expect(Machine.words(try stage.container.read("/proc/uptime")).count == 2)
            stage.remove("hold")
            _ = stage.daemon.waitUntilSettled()
            try stage.expectServing()
            #expect(stage.daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func whatKillsTwoWorkersFailsAndNothingElse() throws {
            let stage = try Stage()
            let load = try SurvivalLoad(on: stage.daemon, without: "/proc/meminfo")
            Machine.pause(0.5)
            let keeper = stage.daemon.command.pid
            try stage.set("crash")
            let reader = try stage.startReading()
            #expect(reader.wait(seconds: 30) == .exited(1), "\(stage.daemon.command.errorsSoFar)")
            #expect(reader.errorsSoFar.contains("Input/output error"), "\(reader.errorsSoFar)")
            // The operation, the file or its node, and the caller.
            let caller = "\(reader.pid)"
            let line = stage.daemon.command.errorsSoFar.split(separator: "\n").first { line in
                line.contains(caller) && (line.contains("READ") || line.contains("opcode"))
                    && (line.contains("meminfo") || line.contains("node"))
            }
            #expect(line != nil, "caller \(caller): \(stage.daemon.command.errorsSoFar)")
            stage.remove("crash")
            let worker = stage.daemon.waitUntilSettled()
            try stage.expectServing()
            Machine.pause(0.5)
            #expect(worker != nil && stage.daemon.worker == worker, "it serves on")
            SurvivalRun.expectNothingWrong(load.finish(), stage.daemon)
            #expect(stage.daemon.command.isRunning && stage.daemon.command.pid == keeper)
            #expect(stage.daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aDaemonWithARequestInHandEnds() throws {
            let stage = try Stage()
            try stage.set("hold")
            let reader = try stage.startReading()
            let worker = try #require(stage.daemon.worker)
            try #require(Machine.wait(10) { stage.isHeld(by: worker) }, "\(reader.errorsSoFar)")
            #expect(stage.daemon.stop() == .exited(0), "\(stage.daemon.command.errorsSoFar)")
            #expect(!ProcessTable.isAlive(worker) && !LXCFSProcess.isMounted(stage.daemon.mountPoint))
            #expect(reader.wait(seconds: 10) != .timedOut)
        }
    }
}
