package import ProcText

/// The memory controller of version 1, Documentation/admin-guide/cgroup-v1/memory.rst. Every cgroup of the hierarchy has all of its files.
package struct MemoryControllerV1: MemoryController {
    /// A limit that was never set reads as PAGE_COUNTER_MAX pages: 2^63 rounded down to the page size, of which 64 KiB is the largest.
    package static let unlimited: UInt64 = (1 << 63) - 65536

    private let cgroup: Cgroup

    /// The memory of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func usage(_ text: inout InputText) throws(CgroupError) -> UInt64? {
        try cgroup.number(.memoryUsage, &text)
    }

    package func limit(_ text: inout InputText) throws(CgroupError) -> Limit {
        try cgroup.smallestLimit(.memoryLimit, unlimited: MemoryControllerV1.unlimited, &text)
    }

    /// The kernel has no slab lines here. memory.kmem.usage_in_bytes counts slabs together with kernel stacks and page tables, and nothing
    /// tells what of it is reclaimable: all of it is given as unreclaimable slab, an approximation that promises no memory that is not there.
    package func statistics(_ text: inout InputText) throws(CgroupError) -> MemoryStatistics {
        var result = MemoryStatistics()
        if try cgroup.read(.memoryStat, into: &text) { result.parse(text, names: MemoryStatistics.namesV1) }
        if let kernel = try cgroup.number(.memoryKernelUsage, &text) {
            result[.slabUnreclaimable] = kernel
            result[.slabReclaimable] = 0
        }
        return result
    }

    package func swap(
        _ text: inout InputText, usage: UInt64?, statistics: borrowing MemoryStatistics
    ) throws(CgroupError) -> SwapAccounting? {
        guard let usage, let together = try cgroup.number(.memorySwapUsage, &text) else { return nil }
        // The two counters are read one after the other: what is charged in between would look like swap. total_swap cannot be mistaken.
        let used = min(together.saturatingSubtract(usage), statistics[.swap] ?? .max)
        let limit = try cgroup.smallestLimit(.memorySwapLimit, unlimited: MemoryControllerV1.unlimited, &text)
        return SwapAccounting(limit: limit, used: used, swappiness: try cgroup.number(.memorySwappiness, &text))
    }

    package func slabInfo(_ text: inout InputText) throws(CgroupError) -> Bool {
        guard try cgroup.read(.memorySlabInfo, into: &text) else { return false }
        // Linux 5.9 and later keep the file and leave it empty.
        return text.count > 0
    }
}
