import Glibc
import TestContainers
import Testing

/// What can lie where the program was, when a package is half installed or broken.
enum BadBinary: String, CaseIterable {
    case missing, notExecutable, text, exitsAtOnce, exitsWithSuccess, crashes, hangs, closesItsChannel, truncated

    /// Puts it where the good one was, in one step.
    func install(at path: String, good: String) throws {
        let new = path + ".new"
        unlink(new)
        switch self {
        case .missing:
            unlink(path)
            return
        case .notExecutable: try BadBinary.copy(good, to: new, mode: "0644")
        case .text: try write("This is no program.\n", new)
        case .exitsAtOnce: try write("#!/bin/sh\nexit 1\n", new)
        case .exitsWithSuccess: try write("#!/bin/sh\nexit 0\n", new)
        case .crashes: try write("#!/bin/sh\nkill -SEGV $$\n", new)
        case .hangs: try write("#!/bin/sh\nexec sleep 1000\n", new)
        case .closesItsChannel: try write("#!/bin/sh\nexec 5>&-\nexec sleep 1000\n", new)
        case .truncated:
            try BadBinary.copy(good, to: new, mode: "0755")
            let result = try Command.run(["truncate", "-s", "40000", new])
            #expect(result.succeeded, "\(result)")
        }
        rename(new, path)
    }

    /// Puts the good one there, as a package manager does.
    static func installGood(_ good: String, at path: String) throws {
        unlink(path + ".new")
        try copy(good, to: path + ".new", mode: "0755")
        rename(path + ".new", path)
    }

    private static func copy(_ source: String, to target: String, mode: String) throws {
        let result = try Command.run(["install", "-m", mode, source, target])
        guard result.succeeded else { throw BenchError("\(result)") }
    }

    private func write(_ text: String, _ path: String) throws {
        try Machine.write(text, to: path, creating: true)
        chmod(path, 0o755)
    }
}

extension EndToEnd.Survival {
    /// The program on disk changes while it runs.
    @Suite("Program on disk")
    struct ProgramOnDisk {
        private static let good = LXCFSProcess.release ?? LXCFSProcess.binary

        /// The number of the mount in mountinfo; another mount has another.
        private func mountID(_ mountPoint: String) -> String? {
            (Machine.read("/proc/self/mountinfo") ?? "").split(separator: "\n").first { $0.contains(" \(mountPoint) ") }
                .map { Machine.words($0)[0] }
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aBadOneChangesNothingAndAGoodOneReplacesEvenTheKeeper() throws {
            let folder = try TemporaryFolder()
            let path = folder.path + "/lxcfs"
            try BadBinary.installGood(ProgramOnDisk.good, at: path)
            let daemon = try LXCFSProcess(["--start-timeout", "\(Int(2 * Machine.patience))"], binary: path)
            let load = try SurvivalLoad(on: daemon)
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint)
            let mount = mountID(daemon.mountPoint)
            let kinds = Machine.patience > 1 ? [.missing, .exitsAtOnce] : BadBinary.allCases
            for bad in kinds {
                let worker = try #require(daemon.waitUntilSettled(), "\(bad): \(daemon.command.errorsSoFar)")
                try bad.install(at: path, good: ProgramOnDisk.good)
                let failures = daemon.logLines("reload failed")
                daemon.command.signal(SIGUSR1)
                let isSaid = Machine.wait(15) { daemon.logLines("reload failed") > failures }
                #expect(isSaid, "\(bad): the log says why: \(daemon.command.errorsSoFar.suffix(1000))")
                #expect(daemon.waitUntilSettled() == worker, "\(bad): the old worker goes on")
                kill(worker, SIGKILL)
                let next = daemon.waitForWorker(otherThan: worker)
                #expect(next != nil, "\(bad): \(daemon.command.errorsSoFar.suffix(1000))")
                #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024, "\(bad)")
                print("\(bad): \(daemon.command.errorsSoFar.split(separator: "\n").last { $0.contains("reload failed") } ?? "-")")
            }
            let last = try #require(daemon.waitUntilSettled())
            try BadBinary.installGood(ProgramOnDisk.good, at: path)
            let inode = try #require(Machine.inode(path))
            let keeper = daemon.command.pid
            daemon.command.signal(SIGUSR1)
            #expect(daemon.waitForWorker(otherThan: last) != nil, "\(daemon.command.errorsSoFar.suffix(1000))")
            _ = daemon.waitUntilSettled()
            for pid in [keeper, daemon.worker ?? 0] {
                // The keeper follows when the new program has served for a while.
                #expect(Machine.wait(20) { Machine.inode("/proc/\(pid)/exe") == inode }, "\(ProcessTable.link("exe", of: pid) ?? "-")")
                #expect(ProcessTable.link("exe", of: pid)?.hasSuffix(" (deleted)") == false)
            }
            _ = daemon.waitUntilSettled()
            #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024)
            // It still knows what it is for: its worker, and signals.
            let worker = daemon.worker
            daemon.command.signal(SIGUSR1)
            #expect(daemon.waitForWorker(otherThan: worker) != nil && daemon.waitUntilSettled() != nil, "\(daemon.command.errorsSoFar)")
            #expect(daemon.command.isRunning && Machine.read(daemon.pidFile) == "\(keeper)\n")
            #expect(mountID(daemon.mountPoint) == mount)
            SurvivalRun.expectNothingWrong(load.finish(), daemon)
            #expect(daemon.stop() == .exited(0))
        }
    }
}
