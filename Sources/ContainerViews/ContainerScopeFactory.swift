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
    /// - Throws: ENOENT where one of the cgroups is gone, or any other failure to open one.
    package convenience init(layout: CgroupLayout, membership: CgroupMembership, name: String, startedAt: UInt64) throws(Errno) {
        let cgroups = ControllerCgroups(layout: layout, membership: membership)
        self.init(
            name: name,
            isHost: membership.isHost,
            startedAt: startedAt,
            pressure: try cgroups.unified { PressureControllerV2($0) })
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

    /// What every cgroup of the unified hierarchy has, with or without controllers; `nil` where there is no such hierarchy.
    func unified<Controller>(_ make: (Cgroup) -> Controller) throws(Errno) -> Controller? {
        guard let unified = layout.unified, let path = membership[unified] else { return nil }
        return make(try unified.cgroup(at: path))
    }
}
