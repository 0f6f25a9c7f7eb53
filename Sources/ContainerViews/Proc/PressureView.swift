package import Cgroups
internal import HostProc
internal import ProcText

/// /proc/pressure/{cpu,io,memory,irq}
///
/// The container's own RESOURCE.pressure from the unified hierarchy, as the kernel wrote it. Where the kernel does not tell for this
/// cgroup (version 1 without a unified hierarchy, `cgroup.pressure` off): the host's lines with every number 0.
///
/// The kernel's text: psi_show(), kernel/sched/psi.c. With PSI off it refuses to open the file, and so does this view.
package struct PressureView: View {
    private let resource: PressureResource

    /// The view of one resource.
    package init(_ resource: PressureResource) {
        self.resource = resource
    }

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(hostFile) }
        do throws(CgroupError) {
            if let pressure = container.pressure, try pressure.pressure(of: resource, &context.cgroupText), context.cgroupText.count > 0 {
                context.output.append(context.cgroupText)
                return
            }
        } catch {
            throw .cgroup(error)
        }
        try context.readHost(hostFile)
        var lines = context.hostText.scanner
        while var line = lines.nextLine() {
            guard let kind = line.word() else { continue }
            context.output.append(context.hostText.bytes, in: kind)
            context.output.append(" avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
        }
    }

    private var hostFile: HostFile {
        switch resource {
        case .cpu: .pressureCPU
        case .io: .pressureIO
        case .memory: .pressureMemory
        case .irq: .pressureIRQ
        }
    }
}
