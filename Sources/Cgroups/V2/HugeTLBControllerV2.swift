package import ProcText

/// hugetlb.SIZE.max and hugetlb.SIZE.current.
package struct HugeTLBControllerV2: HugeTLBController {
    private let cgroup: Cgroup

    /// The huge pages of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func pages(ofKibibytes size: UInt64, _ text: inout InputText) throws(CgroupError) -> (limit: Limit, usage: UInt64)? {
        guard let files = HugePageFiles(kibibytes: size) else { return nil }
        let limit = try cgroup.smallestLimit(files.max, &text)
        let usage = try cgroup.nearestNumber(files.current, &text)
        return usage == nil && limit.value == nil ? nil : (limit, usage ?? 0)
    }
}
