/// A line of memory.stat, by version 2's name. Amounts are in bytes, all others are numbers of events.
package enum MemoryStatisticsKey: Int, Sendable, CaseIterable {
    // Amounts. `swap` is version 1's total_swap.
    case anon, file, kernelStack, pagetables, secPagetables, percpu, vmalloc, shmem, zswap, zswapped, fileMapped, fileDirty
    case fileWriteback, swapcached, anonThp, fileThp, shmemThp, inactiveAnon, activeAnon, inactiveFile, activeFile, unevictable
    case slabReclaimable, slabUnreclaimable, swap
    // The working set.
    case workingsetRefaultAnon, workingsetRefaultFile, workingsetActivateAnon, workingsetActivateFile, workingsetRestoreAnon
    case workingsetRestoreFile, workingsetNodereclaim
    // Migration between nodes of different speed.
    case pgdemoteKswapd, pgdemoteDirect, pgdemoteKhugepaged, pgdemoteProactive, pgpromoteSuccess
    // Swapping and reclaim.
    case pswpin, pswpout, pgscanKswapd, pgscanDirect, pgscanKhugepaged, pgscanProactive, pgstealKswapd, pgstealDirect
    case pgstealKhugepaged, pgstealProactive
    // Faults and ageing.
    case pgfault, pgmajfault, pgrefill, pgactivate, pgdeactivate, pglazyfree, pglazyfreed, swpinZero, swpoutZero, zswpin
    case zswpout, zswpwb
    // Huge pages and NUMA balancing.
    case thpFaultAlloc, thpCollapseAlloc, thpSwpout, thpSwpoutFallback, numaPagesMigrated, numaPteUpdates, numaHintFaults

    /// Whether the line counts events; else it is an amount in bytes.
    package var isEvents: Bool { rawValue > MemoryStatisticsKey.swap.rawValue }

    /// The kernel's spelling.
    package var name: String {
        switch self {
        case .anon: "anon"
        case .file: "file"
        case .kernelStack: "kernel_stack"
        case .pagetables: "pagetables"
        case .secPagetables: "sec_pagetables"
        case .percpu: "percpu"
        case .vmalloc: "vmalloc"
        case .shmem: "shmem"
        case .zswap: "zswap"
        case .zswapped: "zswapped"
        case .fileMapped: "file_mapped"
        case .fileDirty: "file_dirty"
        case .fileWriteback: "file_writeback"
        case .swapcached: "swapcached"
        case .anonThp: "anon_thp"
        case .fileThp: "file_thp"
        case .shmemThp: "shmem_thp"
        case .inactiveAnon: "inactive_anon"
        case .activeAnon: "active_anon"
        case .inactiveFile: "inactive_file"
        case .activeFile: "active_file"
        case .unevictable: "unevictable"
        case .slabReclaimable: "slab_reclaimable"
        case .slabUnreclaimable: "slab_unreclaimable"
        case .swap: "swap"
        case .workingsetRefaultAnon: "workingset_refault_anon"
        case .workingsetRefaultFile: "workingset_refault_file"
        case .workingsetActivateAnon: "workingset_activate_anon"
        case .workingsetActivateFile: "workingset_activate_file"
        case .workingsetRestoreAnon: "workingset_restore_anon"
        case .workingsetRestoreFile: "workingset_restore_file"
        case .workingsetNodereclaim: "workingset_nodereclaim"
        case .pgdemoteKswapd: "pgdemote_kswapd"
        case .pgdemoteDirect: "pgdemote_direct"
        case .pgdemoteKhugepaged: "pgdemote_khugepaged"
        case .pgdemoteProactive: "pgdemote_proactive"
        case .pgpromoteSuccess: "pgpromote_success"
        case .pswpin: "pswpin"
        case .pswpout: "pswpout"
        case .pgscanKswapd: "pgscan_kswapd"
        case .pgscanDirect: "pgscan_direct"
        case .pgscanKhugepaged: "pgscan_khugepaged"
        case .pgscanProactive: "pgscan_proactive"
        case .pgstealKswapd: "pgsteal_kswapd"
        case .pgstealDirect: "pgsteal_direct"
        case .pgstealKhugepaged: "pgsteal_khugepaged"
        case .pgstealProactive: "pgsteal_proactive"
        case .pgfault: "pgfault"
        case .pgmajfault: "pgmajfault"
        case .pgrefill: "pgrefill"
        case .pgactivate: "pgactivate"
        case .pgdeactivate: "pgdeactivate"
        case .pglazyfree: "pglazyfree"
        case .pglazyfreed: "pglazyfreed"
        case .swpinZero: "swpin_zero"
        case .swpoutZero: "swpout_zero"
        case .zswpin: "zswpin"
        case .zswpout: "zswpout"
        case .zswpwb: "zswpwb"
        case .thpFaultAlloc: "thp_fault_alloc"
        case .thpCollapseAlloc: "thp_collapse_alloc"
        case .thpSwpout: "thp_swpout"
        case .thpSwpoutFallback: "thp_swpout_fallback"
        case .numaPagesMigrated: "numa_pages_migrated"
        case .numaPteUpdates: "numa_pte_updates"
        case .numaHintFaults: "numa_hint_faults"
        }
    }
}
