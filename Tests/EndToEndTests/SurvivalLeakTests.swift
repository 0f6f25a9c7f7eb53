import Glibc
import TestContainers
import Testing

extension EndToEnd.Survival {
    /// What is left behind by reloads and crashes.
    @Suite("Leaks")
    struct Leaks {
        /// What keeper and worker hold.
        private struct Sample: CustomStringConvertible {
            let keeper: Footprint
            let worker: Footprint
            let children: Int

            init(_ daemon: LXCFSProcess, _ worker: Int32) {
                keeper = Footprint(of: daemon.command.pid)
                self.worker = Footprint(of: worker)
                children = ProcessTable.children(of: daemon.command.pid).count
            }

            var description: String { "keeper \(keeper); worker \(worker); \(children) children" }
        }

        @Test(
            .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow),
            .enabled(if: LXCFSProcess.release != nil, "no release binary: swift build -c release --static-swift-stdlib"),
            arguments: [SIGUSR1, SIGKILL])
        func nothingIsLeftBehind(signal: Int32) throws {
            let count = SurvivalRun.count(30, long: 1000)
            let daemon = try SurvivalRun.daemon()
            let containers = try (0..<4).map { try TestContainer(Limits(memory: UInt64(64 + $0) << 20), mountPoint: daemon.mountPoint) }
            var samples: [Sample] = []
            var worker = try #require(daemon.waitUntilSettled(), "\(daemon.command.errorsSoFar)")
            for _ in 0..<count {
                kill(signal == SIGUSR1 ? daemon.command.pid : worker, signal)
                worker = try #require(daemon.waitForWorkerAlone(otherThan: worker), "\(daemon.command.errorsSoFar.suffix(2000))")
                guard samples.count < 10 || samples.count % 10 == 0 || samples.count > count - 10 else {
                    samples.append(samples[samples.count - 1])
                    continue
                }
                for container in containers { _ = try container.shell("cat /proc/meminfo /proc/stat /proc/loadavg > /dev/null") }
                samples.append(Sample(daemon, worker))
            }
            print("\(count) times signal \(signal): first \(samples[0]); tenth \(samples[min(9, count - 1)]); last \(samples[count - 1])")
            // Whatever is ever needed was needed in the first third; a worker opens files of the host when it first needs them.
            let early = samples[..<max(1, count / 3)]
            let late = samples[(count * 2 / 3)...]
            #expect(late.allSatisfy { $0.children == 1 })
            #expect(late.map(\.keeper.descriptors).max() ?? 0 <= early.map(\.keeper.descriptors).max() ?? 0)
            #expect(late.map(\.worker.descriptors).max() ?? 0 <= (early.map(\.worker.descriptors).max() ?? 0) + 8)
            #expect(late.map(\.keeper.threads).max() == 1)
            #expect(late.map(\.worker.threads).max() ?? 0 <= early.map(\.worker.threads).max() ?? 0)
            #expect(late.map(\.keeper.privateKibibytes).max() ?? 0 <= 2048)
            #expect(late.map(\.keeper.privateKibibytes).max() ?? 0 <= (early.map(\.keeper.privateKibibytes).max() ?? 0) + 256)
            #expect(late.map(\.worker.privateKibibytes).max() ?? 0 <= (early.map(\.worker.privateKibibytes).max() ?? 0) + 1024)
            #expect(daemon.stop() == .exited(0))
        }
    }
}
