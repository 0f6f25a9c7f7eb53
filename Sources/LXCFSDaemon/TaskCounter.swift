internal import Cgroups
internal import HostProc
internal import LinuxSystem
internal import ProcText

/// The tasks of a container by state.
struct TaskCounts: Sendable, Equatable {
    /// Tasks that run or could run (`R`).
    var running: UInt64 = 0
    /// Tasks in uninterruptible sleep (`D`).
    var blocked: UInt64 = 0
    /// All tasks.
    var total: UInt64 = 0
    /// The newest task's pid as that task sees it itself; 0 where there is none.
    var newestPID: UInt64 = 0
}

/// Counts the tasks anywhere below a cgroup by their state.
///
/// The price is one small read per task looked at. With more tasks than `budget` every k-th is looked at, from a start that moves on with
/// each count, and the numbers are scaled up: the price is bounded however many threads a container has.
struct TaskCounter: ~Copyable {
    /// Groups below a container that are walked at most.
    private static let mostCgroups = 1000

    private let host: HostFilesystem
    private var list = InputText(capacity: 65536)
    private var text = InputText(capacity: 2048)
    private var tasks: [UInt64] = []
    private var phase = 0

    init(_ host: HostFilesystem) {
        self.host = host
    }

    /// Counts the tasks of `cgroup` and of all cgroups below it, looking at no more than `budget` of them.
    mutating func count(below cgroup: Cgroup, budget: Int) -> TaskCounts {
        collectTasks(below: cgroup)
        var counts = TaskCounts(total: UInt64(tasks.count))
        guard let newest = tasks.max() else { return counts }
        let stride = max(1, (tasks.count + max(budget, 1) - 1) / max(budget, 1))
        phase = (phase + 1) % stride
        var looked: UInt64 = 0
        var index = phase
        while index < tasks.count {
            if (try? host.proc.read("\(tasks[index])/stat", into: &text)) != nil, let stat = ProcessStat(text) {
                looked += 1
                if stat.state == UInt8(ascii: "R") { counts.running += 1 }
                if stat.state == UInt8(ascii: "D") { counts.blocked += 1 }
            }
            index += stride
        }
        if stride > 1 {
            counts.running = counts.running.scaled(by: counts.total, over: looked)
            counts.blocked = counts.blocked.scaled(by: counts.total, over: looked)
        }
        if (try? host.proc.read("\(newest)/status", into: &text)) != nil { counts.newestPID = text.innermostPID ?? 0 }
        return counts
    }

    private mutating func collectTasks(below top: Cgroup) {
        tasks.removeAll(keepingCapacity: true)
        var waiting = [top]
        var walked = 0
        while let cgroup = waiting.popLast(), walked < TaskCounter.mostCgroups {
            walked += 1
            if (try? cgroup.readThreads(into: &list)) != nil {
                var scanner = list.scanner
                while let task = scanner.decimal() {
                    tasks.append(task)
                    scanner.skipLine()
                }
            }
            waiting += (try? cgroup.children()) ?? []
        }
    }
}
