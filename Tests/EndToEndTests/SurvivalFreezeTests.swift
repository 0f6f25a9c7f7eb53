import Glibc
import TestContainers
import Testing

extension EndToEnd.Survival {
    /// What a host does that suspends: it freezes processes, and thaws them later.
    @Suite("Freezing")
    struct Freezing {
        /// A cgroup that freezes what is in it, of either version.
        private final class Freezer {
            private let group: TestCgroup
            private let hierarchy: CgroupMounts.Hierarchy

            init() throws(BenchError) {
                let v1 = CgroupMounts.hierarchy(of: "freezer")
                guard let hierarchy = v1 ?? CgroupMounts.all.first(where: \.isUnified) else { throw BenchError("no freezer here") }
                self.hierarchy = hierarchy
                group = try TestCgroup()
            }

            func add(_ pid: Int32) throws(BenchError) {
                try Machine.write("\(pid)", to: group.directory(in: hierarchy) + "/cgroup.procs")
            }

            func set(frozen: Bool) throws(BenchError) {
                let file = group.directory(in: hierarchy) + (hierarchy.isUnified ? "/cgroup.freeze" : "/freezer.state")
                try Machine.write(hierarchy.isUnified ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED"), to: file)
            }

            /// Whoever is in it goes back: a cgroup is removed with all that runs in it.
            func empty() throws(BenchError) {
                try set(frozen: false)
                for pid in Machine.words(Machine.read(group.directory(in: hierarchy) + "/cgroup.procs") ?? "") {
                    try? Machine.write(pid, to: hierarchy.mountPoint + "/cgroup.procs")
                }
            }
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow), arguments: [["worker"], ["keeper", "worker"]]) func nothingIsLost(
            frozen: [String]
        ) throws {
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon)
            Machine.pause(0.5 * Machine.patience)
            let worker = try #require(daemon.waitUntilSettled())
            let freezer = try Freezer()
            for name in frozen { try freezer.add(name == "keeper" ? daemon.command.pid : worker) }
            let begin = Machine.now
            try freezer.set(frozen: true)
            Machine.pause(2)
            try freezer.empty()
            Machine.pause(0.5 * Machine.patience)
            #expect(daemon.command.isRunning && daemon.worker == worker, "\(daemon.command.errorsSoFar)")
            let outcome = load.finish()
            // Readers did wait, so it was frozen.
            #expect(outcome.pause(from: begin, to: begin + 2) > 1000)
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.stop() == .exited(0))
        }

        @Test(
            .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow),
            .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3")) func pollAsksNobody() throws
        {
            let daemon = try SurvivalRun.daemon()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint)
            let program = """
                import select, sys
                file = open('/proc/meminfo'); events = select.poll(); events.register(file, select.POLLIN)
                for _ in range(2):
                    print([e & select.POLLIN for _, e in events.poll(5000)], select.select([file], [], [], 5)[0] == [file], flush=True)
                    sys.stdin.readline()
                """
            let command = try container.start(["/usr/bin/python3", "-c", program], holdsInput: true)
            #expect(Machine.wait(10) { command.outputSoFar == "[1] True\n" }, "\(command.outputSoFar) \(command.errorsSoFar)")
            // The kernel was told that there is nothing to ask: a daemon that stands still stops no poll(2).
            let worker = try #require(daemon.worker)
            kill(worker, SIGSTOP)
            command.send("again\n")
            let isAnswered = Machine.wait(5) { command.outputSoFar == "[1] True\n[1] True\n" }
            kill(worker, SIGCONT)
            #expect(isAnswered, "\(command.outputSoFar)")
            command.send("end\n")
            #expect(command.wait(seconds: 10) == .exited(0))
            #expect(daemon.stop() == .exited(0))
        }
    }
}
