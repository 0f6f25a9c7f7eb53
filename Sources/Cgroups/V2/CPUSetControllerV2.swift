package import ProcText

/// The cpuset controller of version 2: cpuset.cpus.effective and cpuset.mems.effective of the nearest cgroup that has the controller.
package struct CPUSetControllerV2: CPUSetController {
    private let cgroup: Cgroup

    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func cpus(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool {
        try cgroup.nearestList(.cpusetCpusEffective, nil, &text, into: &set)
    }

    package func memoryNodes(_ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool {
        try cgroup.nearestList(.cpusetMemsEffective, nil, &text, into: &set)
    }

    package func cpusRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction? {
        try cgroup.restriction(.cpusetCpusEffective, setBy: .cpusetCpus, &text)
    }

    package func memoryNodesRestriction(_ text: inout InputText) throws(CgroupError) -> ListRestriction? {
        try cgroup.restriction(.cpusetMemsEffective, setBy: .cpusetMems, &text)
    }
}
