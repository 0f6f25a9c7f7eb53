package import ProcText

/// hugetlb.SIZE.max and hugetlb.SIZE.current.
package struct HugeTLBControllerV2: HugeTLBController {
    private let cgroup: Cgroup

    /// The huge pages of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    /// What was never set reads as on version 1, and not as `max`, which the kernel has for limits of whole huge pages.
    package func pages(ofKibibytes size: UInt64, _ text: inout InputText) throws(CgroupError) -> (limit: Limit, usage: UInt64)? {
        guard let files = HugePageFiles(kibibytes: size) else { return nil }
        let limit = try cgroup.smallestLimit(files.max, unlimited: HugePageFiles.unlimited(kibibytes: size), &text)
        let usage = try cgroup.nearestNumber(files.current, &text)
        return usage == nil && limit.value == nil ? nil : (limit, usage ?? 0)
    }
}
