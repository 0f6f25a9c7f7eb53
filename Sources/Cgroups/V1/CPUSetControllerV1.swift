package import ProcText

/// The cpuset controller of version 1: cpuset.effective_cpus and cpuset.effective_mems (Linux 3.17), else cpuset.cpus and cpuset.mems.
package struct CPUSetControllerV1: CPUSetController {
    private let cgroup: Cgroup

    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func cpus(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool {
        try cgroup.nearestList(.cpusetEffectiveCpus, .cpusetCpus, &text, into: &set)
    }

    package func memoryNodes(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool {
        try cgroup.nearestList(.cpusetEffectiveMems, .cpusetMems, &text, into: &set)
    }

    package func cpusRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction? {
        try cgroup.restriction(.cpusetEffectiveCpus, setBy: .cpusetCpus, &text)
    }

    package func memoryNodesRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction? {
        try cgroup.restriction(.cpusetEffectiveMems, setBy: .cpusetMems, &text)
    }
}
