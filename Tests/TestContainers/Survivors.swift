internal import Glibc

/// Processes as /proc shows them.
package enum ProcessTable {
    /// The children of a process with one thread, dead ones that nobody has waited for included.
    package static func children(of pid: Int32) -> [Int32] {
        Machine.words(Machine.read("/proc/\(pid)/task/\(pid)/children") ?? "").compactMap { Int32($0) }
    }

    /// Its arguments; empty for one that is gone or dead.
    package static func arguments(of pid: Int32) -> [String] {
        (Machine.read("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
    }

    /// The letter of proc_pid_stat(5): `Z` has ended and was not waited for, `T` is stopped. `nil` where there is none.
    package static func state(of pid: Int32) -> Character? {
        guard let text = Machine.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].dropFirst(2).first
    }

    /// Whether it is there and has not ended.
    package static func isAlive(_ pid: Int32) -> Bool {
        state(of: pid).map { $0 != "Z" && $0 != "X" } ?? false
    }

    /// Every living lxcfs that serves below a folder.
    package static func daemons(below folder: String) -> [Int32] {
        Machine.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
            let arguments = arguments(of: pid)
            return arguments.first?.hasSuffix("lxcfs") == true && arguments.contains { $0.hasPrefix(folder) } && isAlive(pid)
        }
    }

    /// Where a link of /proc/PID leads, `exe` for example.
    package static func link(_ name: String, of pid: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(pid)/\(name)", &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension LXCFSProcess {
    /// The processes that answer: one, and two during a reload; the youngest last.
    package var workers: [Int32] {
        ProcessTable.children(of: command.pid).filter { ProcessTable.arguments(of: $0).dropFirst().first == "--worker" }
    }

    /// The process that answers, or is about to.
    package var worker: Int32? { workers.last }

    /// How many sockets the keeper has open: with each client of the control socket that it has a duplicate of, one more.
    package var keeperSockets: Int {
        Machine.names(in: "/proc/\(command.pid)/fd").count { ProcessTable.link("fd/\($0)", of: command.pid)?.hasPrefix("socket:") == true }
    }

    /// Waits until a worker is there that is not `old`, and looks for it every half millisecond. `nil` when the time is over.
    package func waitForWorker(otherThan old: Int32?, seconds: Double = 15) -> Int32? {
        let end = Machine.now + seconds * Machine.patience
        while Machine.now < end {
            if let worker, worker != old { return worker }
            Machine.pause(0.0005)
        }
        return nil
    }

    /// Waits until there is one worker, not `old`, and the keeper has no other child, dead or alive. Its pid; `nil` when the time is over.
    package func waitForWorkerAlone(otherThan old: Int32?, seconds: Double = 15) -> Int32? {
        let end = Machine.now + seconds * Machine.patience
        while Machine.now < end {
            let now = workers
            if now.count == 1, now[0] != old, ProcessTable.children(of: command.pid) == now { return now[0] }
            Machine.pause(0.002)
        }
        return nil
    }

    /// Waits until there is one worker, the same for a while, and the file system answers. Its pid; `nil` when the time is over.
    package func waitUntilSettled(seconds: Double = 15) -> Int32? {
        let end = Machine.now + seconds * Machine.patience
        var since = Machine.now
        var before: [Int32] = []
        while Machine.now < end {
            let now = workers
            if now.count != 1 || now != before { since = Machine.now }
            before = now
            if Machine.now - since > 0.3 * Machine.patience, LXCFSProcess.isServing(mountPoint) { return now.first }
            Machine.pause(0.01)
        }
        return nil
    }

    /// How many lines of the log contain all the words.
    package func logLines(_ words: String...) -> Int {
        command.errorsSoFar.split(separator: "\n").count { line in words.allSatisfy { line.contains($0) } }
    }

    /// Ends keeper and workers at once, so that the kernel gives up the connection, and whoever waits for it gets an error.
    package func abort() {
        let all = workers
        Glibc.kill(command.pid, SIGKILL)
        for pid in all + workers { Glibc.kill(pid, SIGKILL) }
        _ = command.wait(seconds: 15)
        umount2(mountPoint, Int32(MNT_DETACH))
    }
}
