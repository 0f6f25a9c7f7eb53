internal import Cgroups
internal import HostProc
internal import ProcText

/// /proc/slabinfo
///
/// The cgroup's own memory.kmem.slabinfo where the kernel has one (version 1 before Linux 5.9), else the header alone. Never the host's slabs.
///
/// The kernel's text: print_slabinfo_header(), mm/slab_common.c.
package struct SlabinfoView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(.slabinfo) }
        do throws(CgroupError) {
            if let memory = container.memory, try memory.slabInfo(&context.cgroupText) {
                context.output.append(context.cgroupText)
                return
            }
        } catch {
            throw .cgroup(error)
        }
        context.output.append(
            """
            slabinfo - version: 2.1
            # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> \
            : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>

            """)
    }
}
