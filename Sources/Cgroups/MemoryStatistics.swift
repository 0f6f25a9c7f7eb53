internal import ProcText

/// memory.stat of a cgroup and everything below it. What the kernel's file does not have is `nil`, never 0.
package struct MemoryStatistics: Sendable {
    private var values = InlineArray<96, UInt64>(repeating: 0)
    private var present: (UInt64, UInt64) = (0, 0)

    /// Nothing is known.
    package init() {}

    /// The value of a line: bytes, or a number of events.
    package subscript(key: MemoryStatisticsKey) -> UInt64? {
        get { isPresent(key.rawValue) ? values[key.rawValue] : nil }
        set {
            let bit: UInt64 = 1 << UInt64(key.rawValue & 63)
            if key.rawValue < 64 {
                present.0 = newValue == nil ? present.0 & ~bit : present.0 | bit
            } else {
                present.1 = newValue == nil ? present.1 & ~bit : present.1 | bit
            }
            values[key.rawValue] = newValue ?? 0
        }
    }

    /// Takes all lines that `names` knows; of a line that stands twice the last counts. Lines that are cut off or hold no number are left out.
    mutating func parse(_ text: InputText, names: MemoryStatisticsNames) {
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard let name = line.word(), let key = names.key(text.bytes, name), let value = line.decimal() else { continue }
            self[key] = value
        }
    }

    private func isPresent(_ number: Int) -> Bool {
        (number < 64 ? present.0 : present.1) & (1 << UInt64(number & 63)) != 0
    }

    /// The lines of version 2: every key by its own name.
    static let namesV2 = MemoryStatisticsNames(MemoryStatisticsKey.allCases.filter { $0 != .swap }.map { ($0.name, $0) })

    /// The lines of version 1 that count the cgroups below too. `cache` includes shmem, as `file` does.
    static let namesV1 = MemoryStatisticsNames([
        ("total_cache", .file), ("total_rss", .anon), ("total_rss_huge", .anonThp), ("total_shmem", .shmem),
        ("total_mapped_file", .fileMapped), ("total_dirty", .fileDirty), ("total_writeback", .fileWriteback), ("total_swap", .swap),
        ("total_swapcached", .swapcached), ("total_pgfault", .pgfault), ("total_pgmajfault", .pgmajfault),
        ("total_workingset_refault_anon", .workingsetRefaultAnon), ("total_workingset_refault_file", .workingsetRefaultFile),
        ("total_inactive_anon", .inactiveAnon), ("total_active_anon", .activeAnon), ("total_inactive_file", .inactiveFile),
        ("total_active_file", .activeFile), ("total_unevictable", .unevictable),
    ])
}

/// How one version of the interface calls the lines of memory.stat.
struct MemoryStatisticsNames: Sendable {
    private let table: KeyTable
    private let keys: [MemoryStatisticsKey]

    init(_ names: [(String, MemoryStatisticsKey)]) {
        table = KeyTable(names.map { $0.0 })
        keys = names.map { $0.1 }
    }

    func key(_ bytes: [UInt8], _ range: Range<Int>) -> MemoryStatisticsKey? {
        table.number(of: bytes, in: range).map { keys[$0] }
    }
}
