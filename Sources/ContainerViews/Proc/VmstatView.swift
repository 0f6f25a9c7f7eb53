internal import Cgroups
internal import HostProc
internal import LinuxSystem
internal import ProcText

/// /proc/vmstat
///
/// The host's keys in the host's order. Those that memory.stat knows carry the container's value: amounts from the same `MemoryView` as
/// meminfo, in pages, and events under their own name. All others are 0.
///
/// The kernel's text: vmstat_show(), mm/vmstat.c.
package struct VmstatView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(.vmstat) }
        let memory = try MemoryView(of: container, in: &context)
        try context.readHost(.vmstat)
        var lines = context.hostText.scanner
        while var line = lines.nextLine() {
            guard let key = line.word() else { continue }
            context.output.append(context.hostText.bytes, in: key)
            context.output.append(" ")
            context.output.append(decimal: VmstatSource.named(context.hostText.bytes, key)?.value(in: memory) ?? 0)
            context.output.newline()
        }
    }
}

/// Where the value of a key of /proc/vmstat comes from.
private enum VmstatSource: Sendable {
    /// An amount of memory.stat, in pages.
    case pages(MemoryStatisticsKey)
    /// The same in transparent huge pages (vmstat_item_print_in_thp(), include/linux/mmzone.h).
    case hugePages(MemoryStatisticsKey)
    /// The same in KiB.
    case kibibytes(MemoryStatisticsKey)
    /// What meminfo calls MemFree, in pages.
    case free
    /// Dirty and under writeback, in pages.
    case writePending
    /// A number of events.
    case events(MemoryStatisticsKey)

    static func named(_ bytes: [UInt8], _ key: Range<Int>) -> VmstatSource? {
        table.number(of: bytes, in: key).map { all[$0].1 }
    }

    func value(in memory: borrowing MemoryView) -> UInt64 {
        switch self {
        case .pages(let key): memory.amount(key) / PageSize.bytes
        case .hugePages(let key): memory.amount(key) / PageSize.hugeBytes
        case .kibibytes(let key): memory.amount(key) / 1024
        case .free: memory.free / PageSize.bytes
        case .writePending: memory.amount(.fileDirty).saturatingAdd(memory.amount(.fileWriteback)) / PageSize.bytes
        case .events(let key): memory.events(key)
        }
    }

    private static let table = KeyTable(all.map { $0.0 })

    private static let all: [(String, VmstatSource)] =
        [
            ("nr_free_pages", .free),
            ("nr_zone_inactive_anon", .pages(.inactiveAnon)),
            ("nr_zone_active_anon", .pages(.activeAnon)),
            ("nr_zone_inactive_file", .pages(.inactiveFile)),
            ("nr_zone_active_file", .pages(.activeFile)),
            ("nr_zone_unevictable", .pages(.unevictable)),
            ("nr_zone_write_pending", .writePending),
            ("nr_inactive_anon", .pages(.inactiveAnon)),
            ("nr_active_anon", .pages(.activeAnon)),
            ("nr_inactive_file", .pages(.inactiveFile)),
            ("nr_active_file", .pages(.activeFile)),
            ("nr_unevictable", .pages(.unevictable)),
            ("nr_slab_reclaimable", .pages(.slabReclaimable)),
            ("nr_slab_unreclaimable", .pages(.slabUnreclaimable)),
            ("nr_anon_pages", .pages(.anon)),
            ("nr_mapped", .pages(.fileMapped)),
            ("nr_file_pages", .pages(.file)),
            ("nr_dirty", .pages(.fileDirty)),
            ("nr_writeback", .pages(.fileWriteback)),
            ("nr_shmem", .pages(.shmem)),
            ("nr_shmem_hugepages", .hugePages(.shmemThp)),
            ("nr_file_hugepages", .hugePages(.fileThp)),
            ("nr_anon_transparent_hugepages", .hugePages(.anonThp)),
            ("nr_kernel_stack", .kibibytes(.kernelStack)),
            ("nr_page_table_pages", .pages(.pagetables)),
            ("nr_sec_page_table_pages", .pages(.secPagetables)),
            ("nr_swapcached", .pages(.swapcached)),
        ] + MemoryStatisticsKey.allCases.filter(\.isEvents).map { ($0.name, .events($0)) }
}
