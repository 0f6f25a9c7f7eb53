internal import HostProc

/// /proc/meminfo
///
/// The host's lines in the host's order, each with the container's own value: its limit, its use, its memory.stat. Lines that nobody can tell
/// for a container are 0. The host's are VmallocTotal and Hugepagesize.
///
/// The kernel's text: meminfo_proc_show(), fs/proc/meminfo.c.
package struct MeminfoView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(.meminfo) }
        let memory = try MemoryView(of: container, in: &context)
        context.writeMeminfo(memory)
    }
}
