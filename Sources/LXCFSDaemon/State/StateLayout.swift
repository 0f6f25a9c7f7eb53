internal import LinuxSystem

/// One table in the worker's memory: `count` entries of `stride` bytes from `offset` on.
struct StateSection: Sendable, Equatable {
    var offset: Int
    var stride: Int
    var count: Int

    /// The bytes that it takes.
    var range: Range<Int> { offset..<(offset + stride * count) }

    /// Where an entry begins.
    func offset(of index: Int) -> Int { offset + index * stride }
}

/// How many entries each table of the worker's memory has. What is never used costs nothing: the memory is given page by page.
struct StateGeometry: Sendable {
    /// Files that can be open at once.
    var files = 1 << 16
    /// Chunks of 1 KiB for the texts of open files: 32 MiB.
    var textChunks = 32 << 10
    /// Containers that are known at once.
    var containers = ScopeResolver.capacity
    /// Chunks of 256 bytes for what containers were shown: 64 MiB. A container takes five on a small machine, 130 with 512 CPUs.
    var accumulatorChunks = 256 << 10
}

/// Where the tables of the worker's memory are. The memory itself says it, in its first page, so that another version can read it:
///
///     0   the magic number     8  the version of this page's form     16  the first generation     24  the number of sections
///     64  the sections, five words each: its number, offset, stride, count, and the number of entries that were ever used
///
/// A version that needs more for an entry makes its stride longer and adds to its end; one that needs another table takes a new number.
struct StateLayout: Sendable {
    /// "LXCFSwrk" in memory order.
    static let magic: UInt64 = 0x6b72_7753_4643_584c
    static let version: UInt64 = 1
    static let headerBytes = 4096

    static let magicOffset = 0
    static let versionOffset = 8
    static let firstGenerationOffset = 16
    static let sectionCountOffset = 24
    static let sectionsOffset = 64
    static let sectionWords = 5

    /// The numbers of the tables. A number is never given to another table.
    enum Table: Int, CaseIterable {
        case counters = 1, files, textLinks, textChunks, containers, accumulatorLinks, accumulatorChunks

        /// The least bytes an entry needs.
        var stride: Int {
            switch self {
            case .counters: 8
            case .files: 32
            case .textLinks, .accumulatorLinks: 4
            case .textChunks: 1024
            case .containers: 64
            case .accumulatorChunks: 256
            }
        }

        /// Counts that are more than any version will ask for are damage.
        static let mostEntries = 1 << 24
    }

    private var sections: [StateSection]

    /// A section of every table, one after the other, each from the start of a page.
    init(_ geometry: StateGeometry) {
        var end = StateLayout.headerBytes
        sections = Table.allCases.map { table in
            let count =
                switch table {
                case .counters: StateCounter.capacity
                case .files: geometry.files
                case .textLinks, .textChunks: geometry.textChunks
                case .containers: geometry.containers
                case .accumulatorLinks, .accumulatorChunks: geometry.accumulatorChunks
                }
            let section = StateSection(offset: end, stride: table.stride, count: count)
            end = SharedMemory.roundedToPages(section.range.upperBound)
            return section
        }
    }

    /// The same in no more than so many bytes, with half of the entries as often as it takes; `nil` where too few would be left.
    init?(_ geometry: StateGeometry, within bytes: Int) {
        var geometry = geometry
        var layout = StateLayout(geometry)
        while layout.byteCount > bytes {
            geometry.files /= 2
            geometry.textChunks /= 2
            geometry.containers /= 2
            geometry.accumulatorChunks /= 2
            guard min(geometry.files, geometry.textChunks, geometry.containers, geometry.accumulatorChunks) > 0 else { return nil }
            layout = StateLayout(geometry)
        }
        self = layout
    }

    /// The layout that the memory has; `nil` where it has none, or one that this version cannot use.
    init?(of region: StateRegion) {
        guard region.load64(at: StateLayout.magicOffset) == StateLayout.magic,
            region.load64(at: StateLayout.versionOffset) == StateLayout.version
        else { return nil }
        let count = min(region.load64(at: StateLayout.sectionCountOffset), 64)
        var found: [StateSection?] = Table.allCases.map { _ in nil }
        for index in 0..<Int(count) {
            let word = StateLayout.sectionOffset(index)
            guard let number = Int(exactly: region.load64(at: word)), let table = Table(rawValue: number) else { continue }
            let offset = Int(clamping: region.load64(at: word + 8))
            let stride = Int(clamping: region.load64(at: word + 16))
            let entries = Int(clamping: region.load64(at: word + 24))
            guard offset >= StateLayout.headerBytes, offset % 8 == 0, offset <= region.count, (1...Table.mostEntries).contains(entries),
                stride >= table.stride, stride <= 1 << 20, stride % (table.stride == 4 ? 4 : 8) == 0,
                stride * entries <= region.count - offset
            else { return nil }
            found[number - 1] = StateSection(offset: offset, stride: stride, count: entries)
        }
        sections = found.compactMap { $0 }
        guard sections.count == Table.allCases.count, self[.counters].count >= StateCounter.allCases.count,
            self[.textLinks].count >= self[.textChunks].count, self[.accumulatorLinks].count >= self[.accumulatorChunks].count
        else { return nil }
        let inOrder = sections.sorted { $0.offset < $1.offset }
        for (one, next) in zip(inOrder, inOrder.dropFirst()) where one.range.upperBound > next.offset { return nil }
    }

    subscript(table: Table) -> StateSection { sections[table.rawValue - 1] }

    /// The bytes that all of it takes.
    var byteCount: Int { sections.map(\.range.upperBound).max().map { SharedMemory.roundedToPages($0) } ?? StateLayout.headerBytes }

    /// Empties the memory and gives it this layout. What is half formatted has no magic number.
    func format(_ region: StateRegion, firstGeneration: UInt32) {
        region.store64(0, at: StateLayout.magicOffset)
        region.discard(8..<region.count)
        region.store64(StateLayout.version, at: StateLayout.versionOffset)
        region.store64(UInt64(firstGeneration), at: StateLayout.firstGenerationOffset)
        for (index, table) in Table.allCases.enumerated() {
            let section = self[table]
            let word = StateLayout.sectionOffset(index)
            region.store64(UInt64(table.rawValue), at: word)
            region.store64(UInt64(section.offset), at: word + 8)
            region.store64(UInt64(section.stride), at: word + 16)
            region.store64(UInt64(section.count), at: word + 24)
        }
        region.store64(UInt64(Table.allCases.count), at: StateLayout.sectionCountOffset)
        region.store64(StateLayout.magic, at: StateLayout.magicOffset)
    }

    /// Where the memory says how many entries of a table were ever used; `nil` where it does not say.
    static func usedOffset(of table: Table, in region: StateRegion) -> Int? {
        for index in 0..<64 where region.load64(at: sectionOffset(index)) == UInt64(table.rawValue) { return sectionOffset(index) + 32 }
        return nil
    }

    private static func sectionOffset(_ index: Int) -> Int { sectionsOffset + index * sectionWords * 8 }
}
