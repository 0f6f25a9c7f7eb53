import Glibc
import TestContainers
import Testing

extension EndToEnd.Survival {
    /// What is left when the keeper dies, on a machine where nobody keeps its descriptors.
    @Suite("Keeper")
    struct Keeper {
        /// A container that is started now is served.
        private func expectServing(_ mountPoint: String) throws {
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: mountPoint)
            #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024)
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aWorkerWithoutItsKeeperServesOnAndANewDaemonFollows() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            let load = try SurvivalLoad(on: first)
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: first.mountPoint)
            _ = first.waitUntilSettled()
            kill(first.command.pid, SIGKILL)
            // Its end is not waited for: that would end its group.
            #expect(Machine.wait(5) { ProcessTable.state(of: first.command.pid) == "Z" })
            for _ in 0..<10 {
                #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024)
                Machine.pause(0.1)
            }
            let second = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            #expect(Machine.wait(10) { Machine.read(second.pidFile) == "\(second.command.pid)\n" && second.worker != nil })
            _ = second.waitUntilSettled()
            try expectServing(second.mountPoint)
            #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024, "containers notice nothing")
            SurvivalRun.expectNothingWrong(load.finish(), second)
            #expect(second.stop() == .exited(0))
            #expect(Machine.wait(10) { ProcessTable.daemons(below: folder.path + "/").isEmpty }, "no worker is left alone")
            withExtendedLifetime(first) {}
        }

        @Test func afterTheDeathOfBothTheNextStartServesAnew() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: first.mountPoint)
            let workers = first.workers
            // The kernel remembers this for a while, also of a mount that nobody serves any more.
            #expect(Machine.inode(first.mountPoint) == 1)
            kill(first.command.pid, SIGKILL)
            for pid in workers + first.workers { kill(pid, SIGKILL) }
            #expect(Machine.wait(10) { access(first.mountPoint, F_OK) != 0 && errno == ENOTCONN })
            #expect(throws: BenchError.self) { try container.read("/proc/meminfo") }

            let second = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            #expect(second.logLines("detached") == 1, "\(second.command.errorsSoFar)")
            try expectServing(second.mountPoint)
            #expect(second.stop() == .exited(0))
            #expect(ProcessTable.daemons(below: folder.path + "/").isEmpty)
            withExtendedLifetime(first) {}
        }
    }

    /// SIGTERM, SIGINT and SIGHUP, at any time.
    @Suite("Ending")
    struct Ending {
        /// Nothing is left of it.
        private func expectGone(_ daemon: LXCFSProcess, _ end: CommandEnd, _ comment: String) {
            #expect(end == .exited(0), "\(comment): \(daemon.command.errorsSoFar.suffix(2000))")
            // stop() detaches what is left of a mount: mountinfo is looked at by those who end it themselves.
            #expect(!Machine.exists(daemon.pidFile), "\(comment): pid file")
            #expect(Machine.wait(2) { ProcessTable.daemons(below: daemon.mountPoint).isEmpty }, "\(comment): processes are left")
        }

        /// Sends the signal and waits for the end, without help.
        private func end(_ daemon: LXCFSProcess, _ signal: Int32, _ comment: String) {
            daemon.command.signal(signal)
            let stopped = Machine.wait(20) { !daemon.command.isRunning }
            #expect(stopped && !LXCFSProcess.isMounted(daemon.mountPoint), "\(comment): mounted")
            #expect(ProcessTable.daemons(below: daemon.mountPoint).isEmpty || !stopped, "\(comment): processes outlive the keeper")
            expectGone(daemon, daemon.stop(signal), comment)
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
        func aSignalEndsAllOfIt(signal: Int32) throws {
            let daemon = try SurvivalRun.daemon()
            end(daemon, signal, "signal \(signal)")
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func alsoDuringAReload() throws {
            for milliseconds in [0, 2, 5, 10, 20, 40] {
                let daemon = try SurvivalRun.daemon()
                daemon.command.signal(SIGUSR1)
                Machine.pause(Double(milliseconds) / 1000)
                end(daemon, SIGTERM, "\(milliseconds) ms after SIGUSR1")
            }
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func alsoRightAfterACrash() throws {
            for milliseconds in [0, 2, 5, 10, 20, 40] {
                let daemon = try SurvivalRun.daemon()
                kill(try #require(daemon.worker), SIGKILL)
                Machine.pause(Double(milliseconds) / 1000)
                end(daemon, SIGTERM, "\(milliseconds) ms after SIGKILL")
            }
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func alsoWithAWorkerThatIsStopped() throws {
            let daemon = try SurvivalRun.daemon()
            kill(try #require(daemon.worker), SIGSTOP)
            end(daemon, SIGTERM, "stopped worker")
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func alsoUnderReaders() throws {
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon)
            Machine.pause(0.5)
            end(daemon, SIGTERM, "readers")
            // They see errors, of course; nobody hangs.
            #expect(load.finish().hangs.isEmpty)
        }
    }
}
