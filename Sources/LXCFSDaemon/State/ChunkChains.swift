/// Where something lies: a chain of chunks and how many bytes of them it takes. One word, so that one store publishes it.
struct ChunkChain: Sendable, Equatable {
    /// Nothing.
    static let none = ChunkChain(word: 0)

    /// The first chunk in the upper half, the length in the lower.
    let word: UInt64

    init(word: UInt64) {
        self.word = word
    }

    init(first: Int, length: Int) {
        word = UInt64(UInt32(clamping: first)) << 32 | UInt64(UInt32(clamping: length))
    }

    /// The first chunk.
    var first: Int { Int(word >> 32) }
    /// Bytes; 0 for nothing.
    var length: Int { Int(word & 0xffff_ffff) }
    var isEmpty: Bool { length == 0 }
}

/// A pool of chunks, and the table in which each chunk has the number of the next. Which are free is known to a `ChunkPool`.
///
/// Whoever holds a chain may read and write it without a lock. What a chain says is never trusted further than the tables reach.
struct ChunkChains: Sendable {
    private let region: StateRegion
    private let links: StateSection
    private let chunks: StateSection

    init(_ region: StateRegion, links: StateSection, chunks: StateSection) {
        self.region = region
        self.links = links
        self.chunks = chunks
    }

    /// How many chunks there are.
    var count: Int { chunks.count }
    /// Bytes in each.
    var chunkBytes: Int { chunks.stride }

    /// How many chunks so many bytes take.
    func chunks(for bytes: Int) -> Int { bytes / chunkBytes + (bytes % chunkBytes > 0 ? 1 : 0) }

    /// The chunk after `chunk`. Outside of the table follows chunk 0.
    func next(_ chunk: Int) -> Int { chunk >= 0 && chunk < count ? Int(region.load32(at: links.offset(of: chunk))) : 0 }

    func link(_ chunk: Int, to next: Int) {
        region.store32(UInt32(clamping: next), at: links.offset(of: chunk))
    }

    /// A word of the chain's first chunk, by its number.
    func word(_ index: Int, of chain: ChunkChain) -> UInt64 {
        chain.first < count && (index + 1) * 8 <= chunkBytes ? region.load64(at: chunks.offset(of: chain.first) + index * 8) : 0
    }

    /// Stores a word of the chain's first chunk.
    func setWord(_ index: Int, of chain: ChunkChain, to value: UInt64) {
        guard chain.first < count, (index + 1) * 8 <= chunkBytes else { return }
        region.store64(value, at: chunks.offset(of: chain.first) + index * 8)
    }

    /// Writes bytes from `offset` in the chain on.
    func write(_ bytes: [UInt8], to chain: ChunkChain, at offset: Int) {
        forEachPiece(of: chain, in: offset..<(offset + bytes.count)) { place, piece in
            region.copy(bytes[(piece.lowerBound - offset)..<(piece.upperBound - offset)], to: place)
        }
    }

    /// Writes words from word number `index` in the chain on.
    func write(_ words: [UInt64], to chain: ChunkChain, at index: Int) {
        forEachPiece(of: chain, in: (index * 8)..<((index + words.count) * 8)) { place, piece in
            region.copy(words[(piece.lowerBound / 8 - index)..<(piece.upperBound / 8 - index)], to: place)
        }
    }

    /// The bytes of a part of the chain; what lies outside is left out. Nothing is allocated for no bytes.
    func bytes(of chain: ChunkChain, in range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<chain.length)
        var bytes: [UInt8] = []
        guard !range.isEmpty, range.count <= chunks.range.count else { return bytes }
        bytes.reserveCapacity(range.count)
        forEachPiece(of: chain, in: range) { place, piece in region.append(place..<(place + piece.count), to: &bytes) }
        return bytes
    }

    /// The words of a chain from word number `index` on.
    func words(of chain: ChunkChain, from index: Int) -> [UInt64] {
        var words: [UInt64] = []
        guard chain.length <= chunks.range.count else { return words }
        forEachPiece(of: chain, in: min(index * 8, chain.length)..<chain.length) { place, piece in
            for offset in stride(from: place, to: place + piece.count, by: 8) { words.append(region.load64(at: offset)) }
        }
        return words
    }

    /// Gives the chunks from `chunk` on back to the kernel. Nobody may hold any of them.
    func discard(_ range: Range<Int>) {
        region.discard(chunks.offset(of: range.lowerBound)..<chunks.offset(of: range.upperBound))
    }

    /// Calls `body` with the place of each piece in the memory and the part of the chain that it is.
    private func forEachPiece(of chain: ChunkChain, in range: Range<Int>, _ body: (_ place: Int, _ piece: Range<Int>) -> Void) {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= chain.length else { return }
        var chunk = chain.first
        var start = 0
        while start < range.upperBound {
            guard chunk < count else { return }
            let end = start + chunkBytes
            let piece = range.clamped(to: start..<end)
            if !piece.isEmpty { body(chunks.offset(of: chunk) + piece.lowerBound - start, piece) }
            start = end
            if start < range.upperBound { chunk = next(chunk) }
        }
    }
}

/// Which chunks are free.
struct ChunkPool: Sendable {
    /// Groups of chunks at the start of the pool that are never given back: they are needed again at once.
    private static let sparedGroups = 4
    /// Groups that are given back in one call of the kernel at most.
    private static let mostGroupsAtOnce = 16

    let chains: ChunkChains

    private var used: UsedEntries
    /// For each group of chunks whether it may have been written to since its memory was given.
    private var touched: [Bool]
    /// Chunks of chains that were refused, held until all others are claimed so that this takes no longer than there are chunks.
    private var refused: [Int] = []

    init(_ chains: ChunkChains) {
        self.chains = chains
        used = UsedEntries(capacity: chains.count)
        touched = [Bool](repeating: true, count: (chains.count + UsedEntries.groupSize - 1) / UsedEntries.groupSize)
    }

    /// Chunks that are free.
    var free: Int { used.capacity - used.count }
    /// Chunks that are in use.
    var usedCount: Int { used.count }

    /// A chain for so many bytes, linked but not written; `nil` where so many chunks are not free.
    mutating func take(bytes: Int) -> ChunkChain? {
        let needed = chains.chunks(for: bytes)
        guard needed > 0, needed <= free, let first = used.take() else { return nil }
        var last = first
        touched[first / UsedEntries.groupSize] = true
        for _ in 1..<max(needed, 1) {
            guard let chunk = used.take() else { break }
            chains.link(last, to: chunk)
            touched[chunk / UsedEntries.groupSize] = true
            last = chunk
        }
        return ChunkChain(first: first, length: bytes)
    }

    /// Gives the chunks of a chain back. Nothing may refer to it any more.
    mutating func release(_ chain: ChunkChain) {
        var chunk = chain.first
        for _ in 0..<min(chains.chunks(for: chain.length), chains.count) {
            used.remove(chunk)
            chunk = chains.next(chunk)
        }
    }

    // MARK: Take-over

    /// Marks the chunks of a chain that a predecessor left as used; `false` where it is broken or another one has a part of it.
    mutating func claim(_ chain: ChunkChain) -> Bool {
        let needed = chains.chunks(for: chain.length)
        guard needed > 0, needed <= free else { return false }
        var claimed: [Int] = []
        var chunk = chain.first
        for _ in 0..<needed {
            guard used.insert(chunk) else {
                refused += claimed
                return false
            }
            claimed.append(chunk)
            chunk = chains.next(chunk)
        }
        return true
    }

    /// All chains are claimed: what was in refused ones is free.
    mutating func endClaims() {
        refused.forEach { used.remove($0) }
        refused = []
    }

    // MARK: Memory

    /// Gives groups of chunks in which none is in use back to the kernel, the first that there are from `group` on. They cost nothing until they are used again.
    /// - Returns: the group to go on from, for whoever has let others go first; `nil` when all are done.
    mutating func discardUnused(from group: Int) -> Int? {
        var start = max(group, ChunkPool.sparedGroups)
        while start < touched.count, !isWasted(start) { start += 1 }
        guard start < touched.count else { return nil }
        var end = start
        while end < touched.count, end < start + ChunkPool.mostGroupsAtOnce, isWasted(end) {
            touched[end] = false
            end += 1
        }
        chains.discard((start * UsedEntries.groupSize)..<min(end * UsedEntries.groupSize, chains.count))
        return end
    }

    private func isWasted(_ group: Int) -> Bool { touched[group] && used.isGroupFree(group) }
}
