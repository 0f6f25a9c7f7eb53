package import ProcText

/// hugetlb.SIZE.limit_in_bytes and hugetlb.SIZE.usage_in_bytes, Documentation/admin-guide/cgroup-v1/hugetlb.rst.
package struct HugeTLBControllerV1: HugeTLBController {
    private let cgroup: Cgroup

    /// The huge pages of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func pages(ofKibibytes size: UInt64, _ text: inout InputText) throws(CgroupError) -> (limit: Limit, usage: UInt64)? {
        guard let files = HugePageFiles(kibibytes: size), let usage = try cgroup.number(files.usage, &text) else { return nil }
        return (try cgroup.smallestLimit(files.limit, unlimited: HugePageFiles.unlimited(kibibytes: size), &text), usage)
    }
}
