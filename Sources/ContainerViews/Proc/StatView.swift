internal import Cgroups
internal import HostProc
internal import ProcText
internal import Synchronization

/// /proc/stat: what the container's CPUs did since it started.
///
/// Computed: the `cpu` lines (`CPUView`; `cpu` is the sum of the others), `processes` (the most tasks the container had at once), `procs_running` and
/// `procs_blocked` (the load sampler's; the reader itself runs). Kept: `btime`, because the start times in /proc/PID/stat are relative to it.
/// Zero, because the kernel does not count them per container: iowait, irq, softirq and guest columns, `intr`, `ctxt`, `softirq`.
/// Kernel function: `show_stat`.
package struct StatView: View {
    /// The host's `btime` changes only when its clock is set: it is read again after this many nanoseconds.
    static let bootTimeValidFor: UInt64 = 10_000_000_000

    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        guard !container.isHost else { return try context.passThrough(.stat) }
        try context.readCPUTimes(of: container)
        let bootTime = try bootTime(&context)
        let tasks = try context.tasks(of: container)
        let load = context.load(of: container).last
        let current = tasks ?? load?.total ?? 1
        let processes = context.isOnlyMeasured ? current : context.cpu.mostTasks(current, of: container)

        context.output.append("cpu ")
        context.output.append(columns: context.cpu.total)
        for cpu in context.cpu.times {
            context.output.append("cpu")
            context.output.append(decimal: cpu.number)
            context.output.append(columns: cpu.ticks)
        }
        context.output.append("intr 0\nctxt 0\nbtime ")
        context.output.append(decimal: bootTime)
        context.output.append("\nprocesses ")
        context.output.append(decimal: processes)
        context.output.append("\nprocs_running ")
        context.output.append(decimal: max(load?.running ?? 1, 1))
        context.output.append("\nprocs_blocked ")
        context.output.append(decimal: load?.blocked ?? 0)
        context.output.append("\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n")
    }

    /// Seconds since 1970.
    private func bootTime(_ context: inout RenderContext) throws(ViewError) -> UInt64 {
        if let known = context.bootTime, context.now >= known.readAt, context.now - known.readAt < StatView.bootTimeValidFor {
            return known.seconds
        }
        try context.readHost(.stat)
        var lines = context.hostText.scanner
        while var line = lines.nextLine() {
            guard line.skip(literal: "btime ") else { continue }
            guard let seconds = line.decimal() else { break }
            context.bootTime = BootTime(seconds: seconds, readAt: context.now)
            return seconds
        }
        throw .malformed(path: "/proc/stat")
    }
}

/// The host's `btime`, and when it was read.
struct BootTime: Sendable {
    var seconds: UInt64
    /// Nanoseconds of CLOCK_BOOTTIME.
    var readAt: UInt64
}

extension TextBuffer {
    /// user nice system idle iowait irq softirq steal guest guest_nice, and a newline.
    fileprivate mutating func append(columns ticks: CPUTicks) {
        append(column: ticks.user)
        append(column: ticks.nice)
        append(column: ticks.system)
        append(column: ticks.idle)
        append(" 0 0 0")
        append(column: ticks.steal)
        append(" 0 0\n")
    }

    private mutating func append(column value: UInt64) {
        append(byte: UInt8(ascii: " "))
        append(decimal: value)
    }
}

extension RenderContext {
    /// How many tasks the container has; `nil` where no controller counts them.
    mutating func tasks(of container: ContainerScope) throws(ViewError) -> UInt64? {
        do throws(CgroupError) {
            return try container.pids?.current(&cgroupText)
        } catch {
            throw .cgroup(error)
        }
    }
}
