package import ProcText

/// The memory controller of version 2, Documentation/admin-guide/cgroup-v2.rst.
package struct MemoryControllerV2: MemoryController {
    private let cgroup: Cgroup

    /// The memory of one cgroup, or of the nearest above it for which the controller is enabled.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func usage(_ text: inout InputText) throws(CgroupError) -> UInt64? {
        try cgroup.nearestNumber(.memoryCurrent, &text)
    }

    package func limit(_ text: inout InputText) throws(CgroupError) -> Limit {
        try cgroup.smallestLimit(.memoryMax, &text)
    }

    package func statistics(_ text: inout InputText) throws(CgroupError) -> MemoryStatistics {
        var result = MemoryStatistics()
        if try cgroup.readNearest(.memoryStat, into: &text) { result.parse(text, names: MemoryStatistics.namesV2) }
        return result
    }

    package func swap(
        _ text: inout InputText, usage: UInt64?, statistics: borrowing MemoryStatistics
    ) throws(CgroupError) -> SwapAccounting? {
        guard let used = try cgroup.nearestNumber(.memorySwapCurrent, &text) else { return nil }
        return SwapAccounting(limit: try cgroup.smallestLimit(.memorySwapMax, &text), used: used, swappiness: nil)
    }

    package func slabInfo(_ text: inout InputText) throws(CgroupError) -> Bool { false }
}
