import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd.CgroupTree {
    /// The worker goes, the tree stays.
    @Suite("Survival", .installed("python3"))
    struct Survival {
        private static let stand = """
            import os, sys
            os.chdir(sys.argv[1]); os.mkdir('a'); os.chdir('a')
            read = os.open('memory.limit_in_bytes', os.O_RDONLY); both = os.open('notify_on_release', os.O_RDWR); here = os.open('.', os.O_RDONLY)
            def write(name, text):
                file = os.open(name, os.O_WRONLY); os.write(file, text); os.close(file)
            def turn(number):
                os.pwrite(both, b'%d' % (number % 2), 0)
                if number % 4 > 1: os.mkdir('b')
                names = sorted(os.listdir(here)); values = os.pread(read, 100, 0), os.pread(both, 100, 0)
                write('tasks', b'0'); members = open('cgroup.procs').read().split()
                write('../tasks', b'0')
                if number % 4 > 1: os.rename('b', 'c'); os.rmdir('c')
                return values[0].decode().strip(), int(values[1]) == number % 2, members == [str(os.getpid())], 'b' in names, 'tasks' in names, \\
                    os.getcwd() == os.path.join(sys.argv[1], 'a'), os.stat('.').st_nlink
            number = 0
            while True:
                print(*turn(number), flush=True)
                if not sys.stdin.readline(): break
                number += 1
            """

        /// A process that stands in a directory of the tree, with open files.
        @Test func whoStandsInADirectoryGoesOn() throws {
            let daemon = try SurvivalRun.daemon()
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: daemon.mountPoint)
            defer { container.end() }
            let process = try container.container.start(["/usr/bin/python3", "-c", Survival.stand, container.base], holdsInput: true)
            try #require(Machine.wait(20) { process.outputSoFar.hasSuffix("\n") }, "\(process.errorsSoFar)")
            var turns = 1
            for event in ["reload", "kill", "reload", "kill", "kill", "both"] {
                let old = try #require(daemon.waitUntilSettled(), "\(daemon.command.errorsSoFar)")
                if event == "kill" { kill(old, SIGKILL) } else { daemon.command.signal(SIGUSR1) }
                if event == "both" { kill(old, SIGKILL) }
                // At once, and again when the new worker serves.
                for _ in 0..<2 {
                    process.send("go on\n")
                    turns += 1
                    try #require(
                        Machine.wait(20) { process.outputSoFar.count { $0 == "\n" } == turns },
                        "\(event): \(process.outputSoFar) \(process.errorsSoFar) \(daemon.command.errorsSoFar.suffix(2000))")
                    _ = try #require(daemon.waitForWorker(otherThan: old), "\(daemon.command.errorsSoFar)")
                }
            }
            let lines = process.outputSoFar.split(separator: "\n")
            let unlimited = try #require(Machine.words(Machine.read(hierarchy.mountPoint + "/memory.limit_in_bytes") ?? "").first)
            for (number, line) in lines.enumerated() {
                #expect(line == "\(unlimited) True True \(number % 4 > 1 ? "True" : "False") True True 2", "turn \(number)")
            }
            process.kill()
            #expect(daemon.stop() == .exited(0))
        }

        /// What is asked when the worker dies is answered as if it had not: what was carried out already is no error.
        @Test func mkdirAndRmdirAreDoneOnce() throws {
            let wanted = SurvivalRun.count(50, long: 1000)
            let daemon = try SurvivalRun.daemon()
            let container = try CgroupTreeContainer(.root, CgroupTreeRun.hierarchy("pids"), mountPoint: daemon.mountPoint)
            defer { container.end() }
            let pairs = try container.container.start([
                CgroupTreeRun.program(), "pairs", "\(SurvivalRun.seed)", "100000000", container.base,
            ])
            let done = { Machine.words(pairs.outputSoFar).last.flatMap { Int($0) } ?? 0 }
            var random = SeededGenerator(seed: SurvivalRun.seed)
            var kills = 0
            var last: Int32?
            while (kills < wanted || done() < 200), pairs.isRunning, let worker = daemon.waitForWorker(otherThan: last) {
                Machine.pause(Double.random(in: 0..<0.04, using: &random) * Machine.patience)
                kill(worker, SIGKILL)
                kills += 1
                last = worker
            }
            _ = daemon.waitUntilSettled()
            let before = done()
            #expect(Machine.wait(20) { done() > before }, "it goes on afterwards")
            pairs.kill()
            print("\(done()) pairs of mkdir and rmdir with \(kills) kills")
            #expect(kills >= wanted && done() >= 200, "\(daemon.command.errorsSoFar.suffix(2000))")
            #expect(
                !pairs.outputSoFar.contains("wrong"),
                "seed \(SurvivalRun.seed): \(pairs.outputSoFar.split(separator: "\n").filter { $0.hasPrefix("wrong") }.prefix(10))")
            #expect(daemon.stop() == .exited(0))
        }

        /// Nothing is remembered of what was looked up. LXCFS_TEST_LONG=1 for a million.
        @Test func lookupsLeaveNothingBehind() throws {
            let count = SurvivalRun.isLong ? 500_000 : 2000
            let daemon = try SurvivalRun.daemon()
            let container = try CgroupTreeContainer(.root, CgroupTreeRun.hierarchy("memory"), mountPoint: daemon.mountPoint)
            defer { container.end() }
            #expect(try container.operate(["mkdir a", "mkdir b", "mkdir b/c"]).allSatisfy { $0.hasSuffix(" -> ok") })
            let worker = try #require(daemon.waitUntilSettled())
            var sizes: [Footprint] = []
            for number in 0..<2 {
                let lines = try container.run(
                    ["lookups", "\(SurvivalRun.seed &+ UInt64(number))", "\(count)", container.base], seconds: 1200)
                let found = lines.first.flatMap { Machine.words($0).dropFirst(3).first }.flatMap { Int($0) } ?? 0
                // Half of the names, of those five sevenths.
                #expect(found > count / 4 && found < count / 2, "\(lines)")
                sizes.append(Footprint(of: worker))
            }
            print("\(count) lookups: \(sizes[0]); \(count) more: \(sizes[1])")
            #expect(daemon.worker == worker)
            #expect(sizes[1].privateKibibytes <= sizes[0].privateKibibytes + 512)
            #expect(sizes[1].descriptors <= sizes[0].descriptors + Footprint.keptOpenByTheHost && sizes[1].threads == sizes[0].threads)
            #expect(daemon.stop() == .exited(0))
        }
    }
}

extension EndToEnd {
    /// On pure version 2 a cgroup namespace does all that the tree does.
    @Suite("Without a cgroup tree")
    struct NoCgroupTree {
        @Test(.enabled(if: !CgroupTreeRun.isHere, "there are hierarchies of version 1 here")) func onPureV2ThereIsNone() throws {
            let mountPoint = try Bench.mountPoint()
            #expect(!Machine.names(in: mountPoint).contains("cgroup") && !Machine.exists(mountPoint + "/cgroup"))
        }

        @Test(.enabled(if: CgroupTreeRun.isHere, CgroupTreeRun.none)) func itCanBeLeftOut() throws {
            let daemon = try LXCFSProcess(["--disable-cgroup"])
            #expect(!Machine.names(in: daemon.mountPoint).contains("cgroup") && !Machine.exists(daemon.mountPoint + "/cgroup"))
            #expect(Machine.names(in: daemon.mountPoint).contains("proc"))
            #expect(daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: CgroupTreeRun.isHere, CgroupTreeRun.none)) func elseThereIsAFolderForEachHierarchyOfVersion1() throws {
            let names = CgroupMounts.all.filter { !$0.isUnified }.compactMap { $0.mountPoint.split(separator: "/").last.map(String.init) }
            let shown = try Machine.names(in: Bench.mountPoint() + "/cgroup")
            #expect(shown == names.sorted())
        }
    }
}
