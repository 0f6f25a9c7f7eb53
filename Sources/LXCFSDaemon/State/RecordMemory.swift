internal import ContainerViews
internal import LinuxSystem
internal import Synchronization

/// The records of containers as they lie in the memory.
///
/// A record is words: when it was last used; then the chains of its identity and of each accumulator. It exists while it has an identity.
/// What a chain holds begins with a word that says whose it is, then come `TaggedWords`. It is written where nothing refers to it and published by the
/// one store of its chain, so that whoever takes over finds the old or the new.
///
/// One record is changed by one thread at a time: by the owner that is attached to it, under its lock, or under that of the table by whoever has
/// detached the owner.
final class RecordMemory: Sendable {
    /// The fields of an identity.
    private enum Field {
        static let key: UInt32 = 1
        static let startedAt: UInt32 = 2
    }

    private static let lastUseOffset = 0
    private static let identityOffset = 8
    private static let accumulatorsOffset = 16

    let pool: AccumulatorPool
    private let region: StateRegion
    private let section: StateSection
    private let usedOffset: Int?
    private let counters: StateCounters

    init(_ region: StateRegion, _ layout: StateLayout, _ counters: StateCounters) {
        self.region = region
        self.counters = counters
        section = layout[.containers]
        usedOffset = StateLayout.usedOffset(of: .containers, in: region)
        pool = AccumulatorPool(ChunkChains(region, links: layout[.accumulatorLinks], chunks: layout[.accumulatorChunks]))
    }

    /// Records that there is room for.
    var count: Int { section.count }

    /// One more than the last record that was ever used.
    var used: Int { min(usedOffset.map { Int(clamping: region.load64(at: $0)) } ?? count, count) }

    /// When it was last kept, in nanoseconds of CLOCK_BOOTTIME.
    func lastUse(of index: Int) -> UInt64 { region.load64(at: section.offset(of: index) + RecordMemory.lastUseOffset) }

    /// Makes a record with an identity and nothing else; `false` where there is no room.
    func make(at index: Int, _ key: [UInt64], startedAt: UInt64) -> Bool {
        if index >= used, let usedOffset { region.store64(UInt64(index + 1), at: usedOffset) }
        for accumulator in Accumulator.allCases { region.store64(0, at: offset(of: accumulator, index)) }
        region.store64(Clock.boottime, at: section.offset(of: index) + RecordMemory.lastUseOffset)
        var words = [TaggedWords.header(Field.key, count: key.count)] + key
        words += [TaggedWords.header(Field.startedAt, count: 1), startedAt]
        TaggedWords.seal(&words)
        return replace(at: section.offset(of: index) + RecordMemory.identityOffset, owner: RecordMemory.owner(index, 0), words)
    }

    /// Puts `words` in the place of what was kept before.
    func keep(_ words: [UInt64], as accumulator: Accumulator, at index: Int) {
        let isKept = replace(at: offset(of: accumulator, index), owner: RecordMemory.owner(index, 1 + accumulator.rawValue), words)
        if !isKept { counters.add(.unkeptAccumulators) }
        region.store64(Clock.boottime, at: section.offset(of: index) + RecordMemory.lastUseOffset)
    }

    /// What was kept last; empty where nothing was.
    func words(of accumulator: Accumulator, at index: Int) -> [UInt64] { words(at: offset(of: accumulator, index)) }

    /// Who has the record; `nil` where that is damaged.
    func identity(at index: Int) -> (key: [UInt64], startedAt: UInt64)? {
        guard let fields = TaggedWords(words(at: section.offset(of: index) + RecordMemory.identityOffset)), let key = fields[Field.key],
            key.count >= 2, key.count % 2 == 0, let startedAt = fields[Field.startedAt]?.first
        else { return nil }
        return (Array(key), startedAt)
    }

    /// Ends a record. Half of it done, there is none.
    func free(_ index: Int) {
        remove(at: section.offset(of: index) + RecordMemory.identityOffset)
        for accumulator in Accumulator.allCases { remove(at: offset(of: accumulator, index)) }
    }

    /// Takes a predecessor's record over.
    /// - Returns: whether there is one, and how many of its chains were broken and are dropped.
    func takeOver(_ index: Int) -> (isUsed: Bool, broken: Int) {
        var broken = 0
        let isUsed = claim(at: section.offset(of: index) + RecordMemory.identityOffset, RecordMemory.owner(index, 0), &broken)
        for accumulator in Accumulator.allCases {
            let place = offset(of: accumulator, index)
            if isUsed {
                _ = claim(at: place, RecordMemory.owner(index, 1 + accumulator.rawValue), &broken)
            } else if region.load64(at: place) != 0 {
                region.store64(0, at: place)
            }
        }
        return (isUsed, broken)
    }

    // MARK: Chains

    private func offset(of accumulator: Accumulator, _ index: Int) -> Int {
        section.offset(of: index) + RecordMemory.accumulatorsOffset + accumulator.rawValue * 8
    }

    /// The first word of what a record has: its own number and which of its chains it is.
    private static func owner(_ index: Int, _ chain: Int) -> UInt64 { UInt64(chain) << 32 | UInt64(UInt32(clamping: index)) }

    private func replace(at place: Int, owner: UInt64, _ words: [UInt64]) -> Bool {
        guard let chain = pool.take(bytes: (words.count + 1) * 8) else { return false }
        pool.chains.setWord(0, of: chain, to: owner)
        pool.chains.write(words, to: chain, at: 1)
        let old = ChunkChain(word: region.load64(at: place))
        region.store64(chain.word, at: place)
        if !old.isEmpty { pool.release(old) }
        return true
    }

    private func remove(at place: Int) {
        let chain = ChunkChain(word: region.load64(at: place))
        guard chain.word != 0 else { return }
        region.store64(0, at: place)
        pool.release(chain)
    }

    private func words(at place: Int) -> [UInt64] {
        let chain = ChunkChain(word: region.load64(at: place))
        return chain.isEmpty ? [] : pool.chains.words(of: chain, from: 1)
    }

    private func claim(at place: Int, _ owner: UInt64, _ broken: inout Int) -> Bool {
        let chain = ChunkChain(word: region.load64(at: place))
        guard chain.word != 0 else { return false }
        if chain.length % 8 == 0, pool.chains.word(0, of: chain) == owner, pool.claim(chain) { return true }
        broken += 1
        region.store64(0, at: place)
        return false
    }
}

/// The chunks of all records.
final class AccumulatorPool: Sendable {
    let chains: ChunkChains
    private let pool: Mutex<ChunkPool>

    init(_ chains: ChunkChains) {
        self.chains = chains
        pool = Mutex(ChunkPool(chains))
    }

    /// Chunks in use.
    var usedCount: Int { pool.withLock { $0.usedCount } }

    func take(bytes: Int) -> ChunkChain? { pool.withLock { $0.take(bytes: bytes) } }

    func release(_ chain: ChunkChain) { pool.withLock { $0.release(chain) } }

    func claim(_ chain: ChunkChain) -> Bool { pool.withLock { $0.claim(chain) } }

    func endClaims() { pool.withLock { $0.endClaims() } }

    /// A little at a time, so that nobody waits for it.
    func discardUnused() {
        var group: Int? = 0
        while let next = group { group = pool.withLock { $0.discardUnused(from: next) } }
    }
}
