internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LinuxSystem
internal import ProcText

/// Counts the tasks anywhere below a cgroup by their state.
///
/// On version 1 the kernel counts a whole cgroup in one call (`TaskStatistics`). Else the price is one small read per task looked at: with more
/// tasks than `budget` every k-th is looked at, from a start that moves on with each count, and the numbers are scaled up. So the price is
/// bounded however many threads a container has.
struct TaskCounter: ~Copyable {
    /// Groups below a container that are walked at most.
    private static let mostCgroups = 1000

    private let host: HostFilesystem
    private let statistics: TaskStatistics?
    private var list = InputText(capacity: 65536)
    private var text = InputText(capacity: 2048)
    private var tasks: [UInt64] = []
    private var phase = 0

    init(_ host: HostFilesystem) {
        self.host = host
        statistics = try? TaskStatistics()
    }

    /// Counts the tasks of `cgroup` and of all cgroups below it, looking at no more than `budget` of them one by one.
    mutating func count(below cgroup: Cgroup, budget: Int) -> LoadSample {
        var counts = LoadSample()
        tasks.removeAll(keepingCapacity: true)
        var waiting = [cgroup]
        var walked = 0
        var areCounted = true
        while let cgroup = waiting.popLast(), walked < TaskCounter.mostCgroups {
            walked += 1
            areCounted = add(cgroup, to: &counts) && areCounted
            collectTasks(of: cgroup)
            waiting += (try? cgroup.children()) ?? []
        }
        counts.total = UInt64(tasks.count)
        guard let newest = tasks.max() else { return counts }
        if (try? host.proc.read("\(newest)/status", into: &text)) != nil { counts.newestPID = text.innermostPID ?? 0 }
        if !areCounted { lookAtTasks(budget: max(budget, 1), &counts) }
        return counts
    }

    /// Lets the kernel count; `false` where it does not.
    private func add(_ cgroup: Cgroup, to counts: inout LoadSample) -> Bool {
        guard cgroup.version == .v1 else { return false }
        switch statistics {
        case .some(let statistics):
            guard let found = try? cgroup.taskCounts(statistics) else { return false }
            counts.running = counts.running.saturatingAdd(found.running)
            counts.blocked = counts.blocked.saturatingAdd(found.uninterruptible)
            return true
        case .none: return false
        }
    }

    private mutating func lookAtTasks(budget: Int, _ counts: inout LoadSample) {
        counts.running = 0
        counts.blocked = 0
        let stride = max(1, (tasks.count + budget - 1) / budget)
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
        guard stride > 1 else { return }
        counts.running = counts.running.scaled(by: counts.total, over: looked)
        counts.blocked = counts.blocked.scaled(by: counts.total, over: looked)
    }

    private mutating func collectTasks(of cgroup: Cgroup) {
        guard (try? cgroup.readThreads(into: &list)) != nil else { return }
        var scanner = list.scanner
        while let task = scanner.decimal() {
            tasks.append(task)
            scanner.skipLine()
        }
    }
}
