internal import HostProc
internal import ProcText

/// /proc/swaps
///
/// One device that is called `none` and has the size and use of meminfo's SwapTotal and SwapFree; no device where the container has no swap.
/// The host's devices are not shown.
///
/// The kernel's text: swap_show(), mm/swapfile.c. The columns of the row are those that readers of the C program's file know.
package struct SwapsView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(.swaps) }
        let memory = try MemoryView(of: container, in: &context)
        context.output.append("Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n")
        guard memory.swapTotal > 0 else { return }
        context.output.append("none                                    virtual\t\t")
        context.output.append(decimal: memory.swapTotal / 1024)
        context.output.append("\t")
        context.output.append(decimal: memory.swapTotal.saturatingSubtract(memory.swapFree) / 1024)
        context.output.append("\t0\n")
    }
}
