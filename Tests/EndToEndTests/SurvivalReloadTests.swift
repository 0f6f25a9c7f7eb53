import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd.Survival {
    /// SIGUSR1 and SIGUSR2, to either process or to both.
    @Suite("Reload")
    struct Reload {
        /// Reloads once and waits for the new worker alone. Its pid.
        private func reload(_ daemon: LXCFSProcess) throws -> Int32 {
            let old = try #require(daemon.waitUntilSettled(), "\(daemon.command.errorsSoFar)")
            daemon.command.signal(SIGUSR1)
            let new = try #require(daemon.waitForWorker(otherThan: old), "\(daemon.command.errorsSoFar)")
            _ = daemon.waitUntilSettled()
            return new
        }

        @Test func noReaderNotices() throws {
            let count = SurvivalRun.count(100, long: 1000)
            let daemon = try SurvivalRun.daemon()
            let load = try SurvivalLoad(on: daemon, seed: SurvivalRun.seed)
            Machine.pause(2 * Machine.patience)
            var random = SeededGenerator(seed: SurvivalRun.seed)
            var moments: [Double] = []
            var generations: Set<Int32> = []
            for _ in 0..<count {
                guard let old = daemon.waitForWorkerAlone(otherThan: nil) else { break }
                generations.insert(old)
                Machine.pause(Double.random(in: 0..<0.05, using: &random) * Machine.patience)
                moments.append(Machine.now)
                daemon.command.signal(SIGUSR1)
                guard daemon.waitForWorkerAlone(otherThan: old) != nil else { break }
            }
            #expect(
                moments.count == count && generations.count == count, "\(generations.count): \(daemon.command.errorsSoFar.suffix(2000))")
            if !SurvivalRun.isSlow { #expect(load.isLoadCounted()) }
            let outcome = load.finish()
            SurvivalRun.report("reloads", moments, outcome)
            SurvivalRun.expectNothingWrong(outcome, daemon)
            #expect(daemon.logLines("reloaded") >= count)
            #expect(daemon.logLines("reload failed") == 0)
            #expect(daemon.stop() == .exited(0))
        }

        @Test(
            .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow),
            .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"), arguments: ["reload", "crash"])
        func anOpenFileGoesOnWithItsText(event: String) throws {
            let daemon = try SurvivalRun.daemon()
            let container = try TestContainer(Limits(memory: Bench.memory, cpus: 1), mountPoint: daemon.mountPoint)
            // 61 bytes of every file; after the next line of input the rest, and all of it again from the start.
            let program = """
                import os, sys
                files = [os.open(path, os.O_RDONLY) for path in sys.argv[1:]]
                first = [os.read(f, 61) for f in files]
                print('first', flush=True)
                sys.stdin.readline()
                for f, begin in zip(files, first):
                    rest, new = b'', b''
                    while (part := os.read(f, 100)): rest += part
                    os.lseek(f, 0, 0)
                    while (part := os.read(f, 100)): new += part
                    print((begin + rest).decode(), new.decode(), sep='====', end='####', flush=True)
                """
            let paths = ["/proc/stat", "/proc/meminfo", "/proc/uptime", "/proc/cpuinfo"]
            let reader = try container.start(["/usr/bin/python3", "-c", program] + paths, holdsInput: true)
            try #require(Machine.wait(20) { reader.outputSoFar.hasPrefix("first") }, "\(reader.errorsSoFar)")
            let before = try container.read("/proc/stat")
            if event == "reload" {
                _ = try reload(daemon)
            } else {
                let old = try #require(daemon.worker)
                kill(old, SIGKILL)
                _ = try #require(daemon.waitForWorker(otherThan: old))
            }
            Machine.pause(0.2)
            reader.send("go on\n")
            #expect(reader.wait(seconds: 20) == .exited(0), "\(reader.errorsSoFar)")
            let texts = reader.outputSoFar.dropFirst("first\n".count).components(separatedBy: "####").map {
                $0.components(separatedBy: "====")
            }
            try #require(texts.count == paths.count + 1 && texts.dropLast().allSatisfy { $0.count == 2 }, "\(texts)")
            for text in texts[0] { #expect(numbers(of: "cpu", in: text) == numbers(of: "cpu0", in: text), "\(text)") }
            let total = { (text: String) in numbers(of: "cpu", in: text).reduce(0, +) }
            // The old text is from before the event, the new one from after it.
            #expect(total(texts[0][0]) <= total(before) && total(before) < total(texts[0][1]), "\(texts[0]) \(before)")
            for text in texts[1] { #expect(Machine.field("MemTotal", of: text) == Bench.memory / 1024 && text.hasSuffix("\n"), "\(text)") }
            #expect(withoutNumbers(texts[1][0]) == withoutNumbers(texts[1][1]))
            // Both texts of 12 bytes were read to their end at once: the rest is empty, and the new one is later.
            #expect((Double(Machine.words(texts[2][0])[0]) ?? 0) < Double(Machine.words(texts[2][1])[0]) ?? 0, "\(texts[2])")
            #expect(withoutNumbers(texts[3][0]) == withoutNumbers(texts[3][1]))
        }

        @Test(
            .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow),
            arguments: [["keeper"], ["worker"], ["keeper", "worker"], ["worker", "keeper"]]) func killOfAllProcessesOfThatNameReloadsOnce(
                receivers: [String]
            ) throws
        {
            let daemon = try SurvivalRun.daemon()
            let old = try #require(daemon.waitUntilSettled())
            let before = daemon.logLines("reloaded")
            let pids = receivers.map { $0 == "keeper" ? daemon.command.pid : old }
            // As kill(1) does: one after the other, at once.
            for pid in pids { kill(pid, SIGUSR1) }
            _ = try #require(daemon.waitForWorker(otherThan: old), "\(daemon.command.errorsSoFar)")
            let new = try #require(daemon.waitUntilSettled())
            Machine.pause(0.5)
            #expect(daemon.waitUntilSettled() == new)
            #expect(daemon.logLines("reloaded") == before + 1, "\(daemon.command.errorsSoFar)")
            #expect(daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aBurstOfSignalsEndsWithOneWorkerThatServes() throws {
            let daemon = try SurvivalRun.daemon()
            let old = try #require(daemon.waitUntilSettled())
            for number in 0..<50 {
                daemon.command.signal(SIGUSR1)
                if let worker = daemon.worker { kill(worker, SIGUSR1) }
                if number % 5 == 0 { Machine.pause(0.005) }
            }
            let new = try #require(daemon.waitUntilSettled(seconds: 30), "\(daemon.command.errorsSoFar)")
            #expect(new != old && ProcessTable.children(of: daemon.command.pid) == [new])
            #expect(
                (1...100).contains(daemon.logLines("reloaded")) && daemon.logLines("reload failed") == 0, "\(daemon.command.errorsSoFar)")
            #expect(daemon.stop() == .exited(0))
        }

        @Test(
            .enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow),
            arguments: [["keeper"], ["worker"], ["keeper", "worker"], ["worker", "keeper"]]) func bothProcessesToggleOnce(
                receivers: [String]
            ) throws
        {
            let daemon = try SurvivalRun.daemon()
            let container = try TestContainer(Limits(memory: Bench.memory, cpus: 1), mountPoint: daemon.mountPoint)
            let shown = { () throws -> UInt64 in (Machine.field("MemTotal", of: try container.read("/proc/meminfo")) ?? 0) * 1024 }
            let host = Machine.memory / 1024 * 1024
            for expected in [host, Bench.memory, host] {
                let worker = try #require(daemon.waitUntilSettled())
                for receiver in receivers { kill(receiver == "keeper" ? daemon.command.pid : worker, SIGUSR2) }
                #expect(Machine.wait(5) { (try? shown()) == expected }, "\(daemon.command.errorsSoFar)")
                // A second toggle would come soon after.
                Machine.pause(0.3)
                #expect(try shown() == expected, "\(daemon.command.errorsSoFar)")
            }
            // What the operator asked for outlives the worker.
            _ = try reload(daemon)
            #expect(try shown() == host, "after a reload")
            let worker = try #require(daemon.waitUntilSettled())
            kill(worker, SIGKILL)
            _ = try #require(daemon.waitForWorker(otherThan: worker))
            #expect(try shown() == host, "after a crash")
            #expect(daemon.stop() == .exited(0))
        }
    }
}
