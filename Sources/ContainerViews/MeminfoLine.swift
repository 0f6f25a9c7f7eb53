internal import Cgroups
internal import ProcText

/// A label of /proc/meminfo or of a node's meminfo that a container has a value for.
enum MeminfoLine: String, CaseIterable, Sendable {
    case memTotal = "MemTotal"
    case memFree = "MemFree"
    case memAvailable = "MemAvailable"
    case cached = "Cached"
    case swapCached = "SwapCached"
    case active = "Active"
    case inactive = "Inactive"
    case activeAnon = "Active(anon)"
    case inactiveAnon = "Inactive(anon)"
    case activeFile = "Active(file)"
    case inactiveFile = "Inactive(file)"
    case unevictable = "Unevictable"
    case swapTotal = "SwapTotal"
    case swapFree = "SwapFree"
    case zswap = "Zswap"
    case zswapped = "Zswapped"
    case dirty = "Dirty"
    case writeback = "Writeback"
    case anonPages = "AnonPages"
    case mapped = "Mapped"
    case shmem = "Shmem"
    case kReclaimable = "KReclaimable"
    case slab = "Slab"
    case sReclaimable = "SReclaimable"
    case sUnreclaim = "SUnreclaim"
    case kernelStack = "KernelStack"
    case pageTables = "PageTables"
    case secPageTables = "SecPageTables"
    case commitLimit = "CommitLimit"
    case committedAS = "Committed_AS"
    case vmallocTotal = "VmallocTotal"
    case vmallocUsed = "VmallocUsed"
    case percpu = "Percpu"
    case anonHugePages = "AnonHugePages"
    case shmemHugePages = "ShmemHugePages"
    case fileHugePages = "FileHugePages"
    case hugePagesTotal = "HugePages_Total"
    case hugePagesFree = "HugePages_Free"
    case hugepagesize = "Hugepagesize"
    case hugetlb = "Hugetlb"
    // Only in a node's file.
    case memUsed = "MemUsed"
    case filePages = "FilePages"

    /// The line with this label.
    static func named(_ bytes: [UInt8], _ label: Range<Int>) -> MeminfoLine? {
        table.number(of: bytes, in: label).map { lines[$0] }
    }

    private static let lines = allCases
    private static let table = KeyTable(allCases.map(\.rawValue))
}

extension MemoryView {
    /// What the container's file shows on a line, in the line's own unit; `nil` where it is the host's number.
    func value(_ line: MeminfoLine) -> UInt64? {
        switch line {
        case .hugePagesTotal: hugePages
        case .hugePagesFree: hugePagesFree
        // Properties of the machine, not amounts that someone uses.
        case .vmallocTotal, .hugepagesize: nil
        default: bytes(line) / 1024
        }
    }

    private func bytes(_ line: MeminfoLine) -> UInt64 {
        switch line {
        case .memTotal: total
        case .memFree: free
        case .memUsed: total.saturatingSubtract(free)
        case .memAvailable: available
        case .swapTotal: swapTotal
        case .swapFree: swapFree
        case .commitLimit: commitLimit
        case .committedAS: committed
        case .hugetlb: hugetlb
        case .cached: cached
        case .active: amount(.activeAnon).saturatingAdd(amount(.activeFile))
        case .inactive: amount(.inactiveAnon).saturatingAdd(amount(.inactiveFile))
        case .slab: amount(.slabReclaimable).saturatingAdd(amount(.slabUnreclaimable))
        default: MemoryView.key(line).map(amount) ?? 0
        }
    }

    /// The line of memory.stat that a line of meminfo shows as it is.
    private static func key(_ line: MeminfoLine) -> MemoryStatisticsKey? {
        switch line {
        case .filePages: .file
        case .swapCached: .swapcached
        case .activeAnon: .activeAnon
        case .inactiveAnon: .inactiveAnon
        case .activeFile: .activeFile
        case .inactiveFile: .inactiveFile
        case .unevictable: .unevictable
        case .zswap: .zswap
        case .zswapped: .zswapped
        case .dirty: .fileDirty
        case .writeback: .fileWriteback
        case .anonPages: .anon
        case .mapped: .fileMapped
        case .shmem: .shmem
        case .kReclaimable, .sReclaimable: .slabReclaimable
        case .sUnreclaim: .slabUnreclaimable
        case .kernelStack: .kernelStack
        case .pageTables: .pagetables
        case .secPageTables: .secPagetables
        case .vmallocUsed: .vmalloc
        case .percpu: .percpu
        case .anonHugePages: .anonThp
        case .shmemHugePages: .shmemThp
        case .fileHugePages: .fileThp
        default: nil
        }
    }
}

extension RenderContext {
    /// Writes the lines of `hostText` with the container's values; 0 on lines that nobody knows for a container, old and new ones alike.
    /// - Parameter prefixWords: the words before the label, which stay: 2 in a node's file (`Node 0 MemTotal: ...`).
    mutating func writeMeminfo(_ memory: borrowing MemoryView, prefixWords: Int = 0) {
        var lines = hostText.scanner
        while var line = lines.nextLine() {
            let start = line.position
            for _ in 0..<prefixWords { _ = line.word() }
            line.skipBlanks()
            let first = line.position
            guard let label = line.upTo(UInt8(ascii: ":")) else { continue }
            let labelEnd = line.position
            guard let host = line.decimal() else { continue }
            var value: UInt64 = 0
            if let known = MeminfoLine.named(hostText.bytes, label) { value = memory.value(known) ?? host }
            output.append(hostText.bytes, in: start..<labelEnd)
            let field = MeminfoField(label: labelEnd - first, hostEnd: line.position - first, hasUnit: !line.isAtEnd)
            output.append(byte: UInt8(ascii: " "), count: field.blanks)
            output.append(decimal: value, width: field.width)
            output.append(hostText.bytes, in: line.rest)
            output.newline()
        }
    }
}

/// Where a number stands on its line: the kernel writes most as `%-16s%8lu`, long labels and the numbers of huge pages as ` %5lu`.
private struct MeminfoField {
    let blanks: Int
    let width: Int

    /// - Parameters:
    ///   - label: columns that the label takes, with its colon.
    ///   - hostEnd: where the host's number ends; further right than in the format only if it is too long for its field.
    ///   - hasUnit: whether the line goes on with ` kB`; else it counts pages.
    init(label: Int, hostEnd: Int, hasUnit: Bool) {
        let end = min(hostEnd, 24)
        let start = hasUnit ? max(16, label + (label < 16 ? 0 : 1)) : max(end - 5, label + 1)
        blanks = start - label
        width = max(0, end - start)
    }
}
