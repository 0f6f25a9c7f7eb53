internal import HostProc
internal import ProcText

/// /proc/uptime: seconds since the container started, and the idle seconds of all its CPUs together.
///
/// The second number is the sum of the idle columns of /proc/stat, as it is on a real machine. Kernel function: `uptime_proc_show`.
package struct UptimeView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        guard !container.isHost else { return try context.passThrough(.uptime) }
        try context.readCPUTimes(of: container)
        // Not `context.now`: the idle time may be that of another thread's later reading.
        context.output.append(hundredths: context.cpu.timesAt.saturatingSubtract(container.startedAt) / CPUTimesHistory.tick)
        context.output.append(byte: UInt8(ascii: " "))
        context.output.append(hundredths: context.cpu.total.idle)
        context.output.newline()
    }
}
