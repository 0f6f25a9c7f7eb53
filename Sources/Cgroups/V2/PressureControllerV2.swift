package import ProcText

/// cpu.pressure, io.pressure, memory.pressure, irq.pressure: in every cgroup of the unified hierarchy, whatever controllers it has.
package struct PressureControllerV2: PressureController {
    private let cgroup: Cgroup

    /// The pressure of one cgroup of the unified hierarchy.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func pressure(of resource: PressureResource, _ text: inout InputText) throws(CgroupError) -> Bool {
        try cgroup.read(file(of: resource), into: &text)
    }

    private func file(of resource: PressureResource) -> CgroupFile {
        switch resource {
        case .cpu: .cpuPressure
        case .io: .ioPressure
        case .memory: .memoryPressure
        case .irq: .irqPressure
        }
    }
}
