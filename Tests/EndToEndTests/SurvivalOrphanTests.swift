import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd.Survival {
    /// Whoever is left when the keeper dies while it replaces a worker.
    @Suite("Orphans", .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow))
    struct Orphans {
        @Test(arguments: [true, false])
        func theNextDaemonFollowsWheneverTheKeeperDies(inAReload: Bool) throws {
            var random = SeededGenerator(seed: SurvivalRun.seed)
            for round in 0..<SurvivalRun.count(12, long: 200) {
                let folder = try TemporaryFolder()
                let first = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
                let worker = try #require(first.worker)
                // Between two crashes at once there is nobody to serve; in a reload there always is.
                let load = inAReload ? try SurvivalLoad(on: first) : nil
                if inAReload { kill(first.command.pid, SIGUSR1) } else { kill(worker, SIGKILL) }
                Machine.pause(Double.random(in: 0..<(inAReload ? 0.04 : 0.02), using: &random))
                kill(first.command.pid, SIGKILL)
                // Its end is not waited for: that would end its group.
                #expect(Machine.wait(5) { ProcessTable.state(of: first.command.pid) == "Z" })
                let second = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
                let isAlone = Machine.wait(10) {
                    Set(ProcessTable.daemons(below: folder.path + "/")) == Set([second.command.pid] + second.workers)
                }
                #expect(
                    isAlone && second.waitUntilSettled() != nil && second.command.isRunning,
                    "seed \(SurvivalRun.seed), round \(round): \(second.command.errorsSoFar)")
                if let load { SurvivalRun.expectNothingWrong(load.finish(), second) }
                #expect(second.stop() == .exited(0))
                withExtendedLifetime(first) {}
                #expect(Machine.wait(10) { ProcessTable.daemons(below: folder.path + "/").isEmpty }, "no worker is left alone")
            }
        }

        @Test func oneOfSeveralNewDaemonsFollows() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder, binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            let load = try SurvivalLoad(on: first)
            _ = first.waitUntilSettled()
            kill(first.command.pid, SIGKILL)
            #expect(Machine.wait(5) { ProcessTable.state(of: first.command.pid) == "Z" })
            let all = try (0..<3).map { number in
                try Command([
                    LXCFSProcess.release ?? LXCFSProcess.binary, "-p", folder.path + "/pid-\(number)", first.mountPoint,
                ])
            }
            #expect(Machine.wait(10) { all.count { $0.isRunning } == 1 })
            Machine.pause(0.5)
            let left = all.filter(\.isRunning)
            #expect(left.count == 1, "\(all.map(\.errorsSoFar))")
            for daemon in left { #expect(ProcessTable.children(of: daemon.pid).count == 1) }
            SurvivalRun.expectNothingWrong(load.finish(), first)
            for daemon in left {
                daemon.signal(SIGTERM)
                #expect(daemon.wait(seconds: 15) == .exited(0))
            }
            #expect(Machine.wait(10) { ProcessTable.daemons(below: folder.path + "/").isEmpty })
        }
    }

    /// The program behind a symbolic link, as where every version has a folder of its own.
    @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aReloadFollowsSymbolicLinks() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/lxcfs"
        let good = LXCFSProcess.release ?? LXCFSProcess.binary
        for version in ["1", "2"] { _ = try Command.run(["cp", good, path + version]) }
        symlink(path + "1", path)
        let daemon = try LXCFSProcess(binary: path)
        let old = try #require(daemon.waitUntilSettled())
        unlink(path)
        symlink(path + "2", path)
        daemon.command.signal(SIGUSR1)
        let new = try #require(daemon.waitForWorkerAlone(otherThan: old), "\(daemon.command.errorsSoFar)")
        #expect(ProcessTable.link("exe", of: new) == path + "2")
        #expect(Machine.wait(20) { ProcessTable.link("exe", of: daemon.command.pid) == path + "2" }, "the keeper follows")
        #expect(daemon.stop() == .exited(0))
    }
}
