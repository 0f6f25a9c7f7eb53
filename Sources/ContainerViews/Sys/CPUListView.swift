internal import ProcText

/// /sys/devices/system/cpu/online, possible and present: the container's CPUs, in all three the same. Kernel function: `show_cpus_attr`.
struct CPUListView: View {
    /// Relative to /sys.
    private let path: String

    init(_ path: String) {
        self.path = path
    }

    func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        guard !container.isHost else { return try context.passThrough(sys: path) }
        try context.readCPUs(of: container)
        context.output.append(list: context.cpu.cpus)
        context.output.newline()
    }
}
