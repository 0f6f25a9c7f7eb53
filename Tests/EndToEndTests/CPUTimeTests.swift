import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// What /proc/stat says against what the kernel accounts to the cgroup.
    @Suite("CPU time")
    struct CPUTime {
        /// How long the loops run.
        static let seconds: Double = Machine.isVirtual ? 6 : 3

        private func loop(_ seconds: Double) -> [String] { ["timeout", "\(seconds)", "sh", "-c", "while :; do :; done"] }

        /// Takes about so many seconds of CPU time, however long that takes: the kernel counts ticks for this limit.
        private func work(_ seconds: Int) -> [String] { ["sh", "-c", "ulimit -S -t \(seconds); while :; do :; done"] }

        @Test func workOutsideDoesNotMoveTheContainer() throws {
            let container = try Bench.container(Limits(memory: Bench.memory))
            let other = try TestCgroup()
            let before = try container.read("/proc/stat")
            let usedBefore = try container.cgroup.cpuSeconds()
            let outside = try Command(["sh", "-c", TestContainer.joinScript(other) + "\nexec \"$@\"", "sh"] + work(2))
            #expect(outside.wait(seconds: 120) == .signalled(SIGXCPU))
            let burned = try other.cpuSeconds()
            try #require(burned > 1, "the loop outside ran")
            let after = try container.read("/proc/stat")
            let moved = busySeconds(inStat: after) - busySeconds(inStat: before)
            let used = try container.cgroup.cpuSeconds() - usedBefore
            // What moves is the reading itself, which runs in the container.
            #expect(moved <= used + 0.1 && moved < burned / 3, "moved by \(moved) s, used \(used) s, burned outside \(burned) s")
        }

        @Test(arguments: [0.3, 1])
        func workInsideMovesItByWhatTheKernelAccounts(cpus: Double) throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: cpus))
            let before = try container.read("/proc/stat")
            let usedBefore = try container.cgroup.cpuSeconds()
            _ = try container.run(work(2), seconds: 120)
            let after = try container.read("/proc/stat")
            let used = try container.cgroup.cpuSeconds() - usedBefore
            try #require(used > 1, "the loop inside ran")
            let moved = busySeconds(inStat: after) - busySeconds(inStat: before)
            #expect(moved > used * 0.85 - 0.1 && moved < used * 1.15 + 0.1, "moved by \(moved) s, used \(used) s")
        }

        @Test func aThrottledContainerShowsSteal() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 0.2))
            let before = try container.read("/proc/stat")
            let start = Machine.now
            _ = try container.run(loop(CPUTime.seconds), seconds: 60)
            let after = try container.read("/proc/stat")
            let elapsed = Machine.now - start
            let old = numbers(of: "cpu", in: before)
            let new = numbers(of: "cpu", in: after)
            try #require(old.count >= 8 && new.count >= 8, "\(after)")
            let steal = Double(new[7]) / ticks - Double(old[7]) / ticks
            #expect(steal > elapsed * 0.1, "steal grew by \(steal) s in \(elapsed) s")
            #expect(busySeconds(inStat: after) - busySeconds(inStat: before) + steal <= elapsed * 1.1 + 0.2)
        }

        @Test func allTimeOfACPUIsTheTimeThatPassed() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1))
            let first = try container.shell("cat /proc/stat /proc/uptime")
            Machine.pause(2)
            let second = try container.shell("cat /proc/stat /proc/uptime")
            func sum(_ text: String) -> Double { Double(numbers(of: "cpu", in: text).reduce(0, +)) / ticks }
            func uptime(_ text: String) -> Double { text.split(separator: "\n").last.flatMap { Double(Machine.words($0)[0]) } ?? -1 }
            let passed = uptime(second) - uptime(first)
            #expect(passed >= 2)
            #expect(abs(sum(second) - sum(first) - passed) < 0.3 + passed * 0.05, "\(sum(second) - sum(first)) s in \(passed) s")
        }

        @Test(.enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"))
        func countersNeverGoBackWhileLimitsChange() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1))
            let program = """
                import sys, time
                last = {}; idle_last = 0.0
                for turn in range(int(sys.argv[1])):
                    rows = [l.split() for l in open('/proc/stat') if l.startswith('cpu')]
                    now = {r[0]: [int(v) for v in r[1:]] for r in rows}
                    parts = [v for k, v in now.items() if k != 'cpu']
                    for i, v in enumerate(now['cpu']):
                        if v != sum(p[i] for p in parts): print('sum', i, rows)
                    for name, values in now.items():
                        for i, v in enumerate(values):
                            if v < 0 or v > 1 << 60 or name in last and v < last[name][i]: print('back', name, i, last[name], values)
                    # A CPU that leaves hands its time to those that stay, and is a new one when it comes again.
                    last = now
                    idle = float(open('/proc/uptime').read().split()[1])
                    if idle < 0: print('idle', idle)
                    sys.stderr.write('.'); sys.stderr.flush()
                    time.sleep(0.005)
                """
            let burner = try container.start(["sh", "-c", "while :; do :; done"])
            defer { burner.kill() }
            let turns = Machine.isVirtual ? "60" : "200"
            let reader = try container.start(["/usr/bin/python3", "-c", program, turns])
            let quotas = [Double(Machine.cpus.count), 0.2, 1, 0.5, 1.5]
            var turn = 0
            // Each change is read at least once before the next: a CPU that went and came again unseen would seem to have gone back.
            while reader.isRunning, turn < 1000 {
                try container.cgroup.set(Limits(cpus: quotas[turn % quotas.count]))
                turn += 1
                let reads = reader.errorsSoFar.count
                guard Machine.wait(10, until: { reader.errorsSoFar.count >= reads + 2 || !reader.isRunning }) else { break }
            }
            #expect(reader.wait(seconds: 60) == .exited(0), "\(reader.errorsSoFar)")
            #expect(reader.outputSoFar == "")
            #expect(turn > 3)
        }

        @Test func theCPULineIsTheSumOfItsParts() throws {
            let container = try Bench.container(Limits(memory: Bench.memory))
            let text = try container.read("/proc/stat")
            let parts = cpuNames(inStat: text).map { numbers(of: $0, in: text) }
            let whole = numbers(of: "cpu", in: text)
            #expect(whole.count == 10)
            for column in whole.indices { #expect(whole[column] == parts.reduce(0) { $0 + $1[column] }, "column \(column)") }
        }
    }
}
