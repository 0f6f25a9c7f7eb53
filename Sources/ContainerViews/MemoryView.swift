package import Cgroups
package import HostProc
internal import LinuxSystem
internal import ProcText

/// A container's memory and swap at one moment: what meminfo, swaps, vmstat and the nodes' meminfo are all written from, so that they agree.
///
/// Amounts are in bytes, each a whole number of KiB, so that sums are still sums when they are printed in KiB. A container without a memory
/// controller, or in the root of its hierarchy (what is accounted there is the host), has the host's capacity and uses nothing that is known.
package struct MemoryView: Sendable {
    /// The smallest limit, at most the host's memory.
    package private(set) var total: UInt64
    /// Whether a limit is set, on its cgroup or an ancestor.
    package let isLimited: Bool
    /// What is left of it.
    package private(set) var free: UInt64
    /// What is left when the page cache and reclaimable slabs are given up; between `free` and `total`.
    package private(set) var available: UInt64
    /// The swap the container may use; 0 where swap is hidden or not accounted.
    package private(set) var swapTotal: UInt64
    /// What is left of it.
    package private(set) var swapFree: UInt64
    /// The pool of huge pages of the default size, in pages.
    package private(set) var hugePages: UInt64
    /// What is left of it, in pages.
    package private(set) var hugePagesFree: UInt64
    /// All pools of huge pages.
    package private(set) var hugetlb: UInt64
    /// What may be allocated under strict overcommit: the kernel's formula on the container's totals.
    package private(set) var commitLimit: UInt64

    private var statistics: MemoryStatistics
    private let hidesZswap: Bool
    /// No amount can be more than the host's memory and swap; what claims to be is cut, so that sums stay sums.
    private let largestAmount: UInt64

    /// Reads the host's meminfo, which stays in `context.hostText`, and the container's cgroups.
    package init(of container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        try context.readHost(.meminfo)
        guard let host = HostMeminfo(context.hostText) else { throw .malformed(path: "/proc/meminfo") }
        try self.init(of: container, host: host, in: &context)
    }

    /// The same where the host's meminfo has been read, for many containers one after the other.
    package init(of container: ContainerScope, host: HostMeminfo, in context: inout RenderContext) throws(ViewError) {
        do throws(CgroupError) {
            self = try MemoryView(container, host, context.settings, &context.cgroupText)
        } catch {
            throw .cgroup(error)
        }
    }

    private init(
        _ container: ContainerScope, _ host: HostMeminfo, _ settings: ViewSettings, _ text: inout InputText
    ) throws(CgroupError) {
        let usage = try container.memory?.usage(&text)
        let limit = try container.memory?.limit(&text) ?? .none
        isLimited = limit.value != nil
        statistics = try container.memory?.statistics(&text) ?? MemoryStatistics()
        hidesZswap = settings.hidesZswap
        largestAmount = host.total.saturatingAdd(host.swapTotal)
        total = limit.clamped(to: host.total) & MemoryView.wholeKibibytes
        free = total.saturatingSubtract(usage ?? 0) & MemoryView.wholeKibibytes
        let reclaimable = MemoryView.sum(statistics[.activeFile], statistics[.inactiveFile], statistics[.slabReclaimable])
        available = min(free.saturatingAdd(reclaimable), total) & MemoryView.wholeKibibytes

        var swap = SwapSize.none
        // Where the host has none, nobody has any, and the files need not be read.
        if !settings.hidesSwap, host.swapTotal > 0, let accounting = try container.memory?.swap(&text, usage: usage, statistics: statistics)
        {
            swap = SwapSize(accounting, host: host.swapTotal)
        }
        swapTotal = swap.total & MemoryView.wholeKibibytes
        swapFree = min(swap.total.saturatingSubtract(swap.used) & MemoryView.wholeKibibytes, swapTotal)

        let pool = try HugePagePool(container, host, &text)
        hugePages = pool.pages
        hugePagesFree = pool.free
        hugetlb = pool.allSizes & MemoryView.wholeKibibytes
        commitLimit = host.commitLimit(total: total, swap: swapTotal)
    }

    /// An amount of memory.stat in whole KiB; 0 where it is not known.
    package func amount(_ key: MemoryStatisticsKey) -> UInt64 {
        if hidesZswap, key == .zswap || key == .zswapped { return 0 }
        return min(statistics[key] ?? 0, largestAmount) & MemoryView.wholeKibibytes
    }

    /// A number of events of memory.stat; 0 where it is not known.
    package func events(_ key: MemoryStatisticsKey) -> UInt64 { statistics[key] ?? 0 }

    /// The page cache without the pages that are in swap too: Cached.
    package var cached: UInt64 { amount(.file).saturatingSubtract(amount(.swapcached)) }

    /// Memory that was promised: what must be kept in memory or swap. The kernel's Committed_AS counts what could be touched at all,
    /// which nobody can tell for a container.
    package var committed: UInt64 {
        amount(.anon).saturatingAdd(amount(.shmem)).saturatingAdd(swapTotal.saturatingSubtract(swapFree))
    }

    /// Keeps of every amount the part that a NUMA node has.
    package mutating func keep(share: UInt64, of whole: UInt64) {
        func part(_ amount: UInt64) -> UInt64 { amount.scaled(by: share, over: whole) & MemoryView.wholeKibibytes }
        if share == whole { return }
        total = part(total)
        free = min(part(free), total)
        available = min(max(part(available), free), total)
        swapTotal = part(swapTotal)
        swapFree = min(part(swapFree), swapTotal)
        hugePages = hugePages.scaled(by: share, over: whole)
        hugePagesFree = min(hugePagesFree.scaled(by: share, over: whole), hugePages)
        hugetlb = part(hugetlb)
        commitLimit = part(commitLimit)
        for key in MemoryStatisticsKey.allCases where !key.isEvents { statistics[key] = statistics[key].map(part) }
    }

    private static func sum(_ first: UInt64?, _ second: UInt64?, _ third: UInt64?) -> UInt64 {
        (first ?? 0).saturatingAdd(second ?? 0).saturatingAdd(third ?? 0)
    }

    private static let wholeKibibytes = ~(1023 as UInt64)
}

/// The swap that is shown. The compromises and their reasons:
///
/// * a limit that was lowered below the use: the size is what is used;
/// * swappiness 0 (version 1): nothing can be swapped out any more, so what is swapped is all there is;
/// * nothing can be swapped to swap that the host does not have;
/// * version 1 limits memory and swap together, and the kernel may swap out all memory: the size is that limit, not its difference to the memory limit.
private struct SwapSize {
    var total: UInt64
    var used: UInt64

    static let none = SwapSize(total: 0, used: 0)

    private init(total: UInt64, used: UInt64) {
        self.total = total
        self.used = used
    }

    init(_ accounting: SwapAccounting, host: UInt64) {
        let size = accounting.swappiness == 0 ? 0 : accounting.limit.clamped(to: host)
        let used = min(accounting.used, host)
        self.init(total: max(size, used), used: used)
    }
}

/// The host's pool of huge pages as far as the container may use it.
private struct HugePagePool {
    var pages: UInt64
    var free: UInt64
    /// Bytes, with the pools of other sizes, whose limits are not looked up.
    var allSizes: UInt64

    init(_ container: ContainerScope, _ host: HostMeminfo, _ text: inout InputText) throws(CgroupError) {
        pages = host.hugePages
        free = host.hugePages
        allSizes = host.hugetlb
        // Without a pool there is nothing to limit, and two files less to read.
        guard host.hugePages > 0, host.hugePageSize > 0,
            let (limit, usage) = try container.hugetlb?.pages(ofKibibytes: host.hugePageSize / 1024, &text)
        else { return }
        pages = min(host.hugePages, (limit.value ?? .max) / host.hugePageSize)
        free = pages.saturatingSubtract(usage / host.hugePageSize)
        let cut = host.hugePages.saturatingSubtract(pages).saturatingMultiply(host.hugePageSize)
        allSizes = host.hugetlb.saturatingSubtract(cut)
    }
}

extension HostMeminfo {
    /// vm_commit_limit(), mm/util.c: (memory - huge pages) x vm.overcommit_ratio / 100 + swap, in pages.
    ///
    /// The ratio is what makes the host's own line true, in whole per cent where one does; the host may set vm.overcommit_kbytes instead,
    /// of which a container then gets its share. Huge pages are not charged to a container's memory limit, so what is left for it is the smaller
    /// of that limit and the host's memory without them.
    fileprivate func commitLimit(total containerTotal: UInt64, swap: UInt64) -> UInt64 {
        let page = PageSize.bytes
        let hostBase = total.saturatingSubtract(hugetlb) / page
        let hostPart = commitLimit.saturatingSubtract(swapTotal) / page
        let base = min(containerTotal / page, hostBase)
        let percent = hostPart.saturatingMultiply(100).saturatingAdd(hostBase / 2).scaled(by: 1, over: hostBase)
        let part =
            hostBase.scaled(by: percent, over: 100) == hostPart
            ? base.scaled(by: percent, over: 100) : base.scaled(by: hostPart, over: hostBase)
        return part.saturatingMultiply(page).saturatingAdd(swap)
    }
}
