package import Cgroups
package import SystemPackage

extension ContainerScope {
    /// The container whose processes are in these cgroups.
    ///
    /// - Parameters:
    ///   - layout: the host's hierarchies.
    ///   - membership: the container's cgroup in each of them.
    ///   - name: the cgroup that names it best, for people.
    ///   - startedAt: when its init started, in nanoseconds of CLOCK_BOOTTIME.
    ///   - accumulators: where what it was shown is kept for a successor; `nil` for nowhere.
    /// - Throws: ENOENT where one of the cgroups is gone, or any other failure to open one.
    package convenience init(
        layout: CgroupLayout, membership: CgroupMembership, name: String, startedAt: UInt64, accumulators: (any AccumulatorStore)? = nil
    ) throws(Errno) {
        let cgroups = ControllerCgroups(layout: layout, membership: membership)
        self.init(
            name: name,
            isHost: membership.isRoot,
            startedAt: startedAt,
            memory: try cgroups.ownController(.memory, v1: { MemoryControllerV1($0) }, v2: { MemoryControllerV2($0) }),
            bandwidth: try cgroups.controller(.cpu, v1: { CPUBandwidthControllerV1($0) }, v2: { CPUBandwidthControllerV2($0) }),
            accounting: try cgroups.accounting(),
            cpuset: try cgroups.controller(.cpuset, v1: { CPUSetControllerV1($0) }, v2: { CPUSetControllerV2($0) }),
            io: try cgroups.ownController(.blkio, v1: { IOControllerV1($0) }, v2: { IOControllerV2($0) }),
            pids: try cgroups.ownController(.pids, v1: { PIDsControllerV1V2($0) }, v2: { PIDsControllerV1V2($0) }),
            hugetlb: try cgroups.ownController(.hugetlb, v1: { HugeTLBControllerV1($0) }, v2: { HugeTLBControllerV2($0) }),
            pressure: try cgroups.unified { PressureControllerV2($0) },
            accumulators: accumulators)
    }
}

/// Finds the container's cgroup for each controller, and with it the interface to speak.
private struct ControllerCgroups {
    let layout: CgroupLayout
    let membership: CgroupMembership

    /// The controller in the version of the hierarchy that has it; `nil` where none has.
    func controller<Controller>(
        _ controller: CgroupController, v1: (Cgroup) -> Controller, v2: (Cgroup) -> Controller
    ) throws(Errno) -> Controller? {
        guard let hierarchy = layout.hierarchy(of: controller), let path = membership[hierarchy] else { return nil }
        let cgroup = try hierarchy.cgroup(at: path)
        return switch hierarchy.version {
        case .v1: v1(cgroup)
        case .v2: v2(cgroup)
        }
    }

    /// The same for a controller that counts what is used: in the root of its hierarchy the container has no cgroup of its own, and what is
    /// counted there is the host's.
    func ownController<Controller>(
        _ controller: CgroupController, v1: (Cgroup) -> Controller, v2: (Cgroup) -> Controller
    ) throws(Errno) -> Controller? {
        guard let hierarchy = layout.hierarchy(of: controller), membership[hierarchy]?.isRoot == false else { return nil }
        return try self.controller(controller, v1: v1, v2: v2)
    }

    /// CPU time: on version 1 the throttled time is told by another controller, which may be mounted elsewhere.
    func accounting() throws(Errno) -> (any CPUAccountingController)? {
        var throttled: Cgroup?
        if let cpu = layout.hierarchy(of: .cpu), cpu.version == .v1, let path = membership[cpu], !path.isRoot {
            throttled = try cpu.cgroup(at: path)
        }
        return try ownController(
            .cpuacct, v1: { CPUAccountingControllerV1($0, bandwidth: throttled) }, v2: { CPUAccountingControllerV2($0) })
    }

    /// What every cgroup of the unified hierarchy but its root has, with or without controllers; `nil` where there is no such hierarchy.
    func unified<Controller>(_ make: (Cgroup) -> Controller) throws(Errno) -> Controller? {
        guard let unified = layout.unified, let path = membership[unified], !path.isRoot else { return nil }
        return make(try unified.cgroup(at: path))
    }
}
