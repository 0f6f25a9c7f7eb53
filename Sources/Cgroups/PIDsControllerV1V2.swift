package import ProcText

/// pids.current and pids.max: the same files in both versions.
package struct PIDsControllerV1V2: PIDsController {
    private let cgroup: Cgroup

    /// The tasks of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func current(_ text: inout InputText) throws(CgroupError) -> UInt64? {
        try cgroup.number(.pidsCurrent, &text)
    }

    package func limit(_ text: inout InputText) throws(CgroupError) -> Limit {
        try cgroup.smallestLimit(.pidsMax, &text)
    }
}
