package import ProcText

/// hugetlb.SIZE.limit_in_bytes and hugetlb.SIZE.usage_in_bytes, Documentation/admin-guide/cgroup-v1/hugetlb.rst.
package struct HugeTLBControllerV1: HugeTLBController {
    private let cgroup: Cgroup

    /// The huge pages of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    /// The limit that was never set is rounded down to the huge page's size.
    package func pages(ofKibibytes size: UInt64, _ text: inout InputText) throws(CgroupError) -> (limit: Limit, usage: UInt64)? {
        guard let files = HugePageFiles(kibibytes: size), let usage = try cgroup.number(files.usage, &text) else { return nil }
        let unlimited = ((1 as UInt64) << 63).saturatingSubtract(max(size.saturatingMultiply(1024), 65536))
        return (try cgroup.smallestLimit(files.limit, unlimited: unlimited, &text), usage)
    }
}
