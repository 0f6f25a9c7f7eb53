internal import FUSE
internal import Synchronization

/// The open files and the text that each of them was last given, in memory that outlives this process.
///
/// A handle is an index into the table with the generation of that place, never a pointer: a handle that was given before the table
/// was made anew, or twice released, finds nothing, and its file is rendered again.
///
/// So is that of a file whose text was forgotten: one container that opens and reads as many files as it can must cost neither memory without
/// end nor the others their answers.
///
/// A text lies in a chain of chunks and begins with the handle that it belongs to and the numbers of the READs that it and the texts before it
/// were made for. It is written where nothing refers to it, and published by the one store of its chain into the place of its file: whoever takes
/// over finds the old text with its number or the new one with its own. A READ whose number is there was rendered before, and is
/// answered from the text that is there, so that no reader ever gets parts of two.
final class OpenFileTable: Sendable {
    /// The handle of all files beyond the capacity: generation 0 finds nothing.
    private static let handleOfNobody = FileHandle(rawValue: 0)

    // Nothing before it is taken over.
    private let table = Mutex<OpenFiles?>(nil)
    private let counters: StateCounters

    init(_ counters: StateCounters) {
        self.counters = counters
    }

    /// How many files are open.
    var count: Int { table.withLock { $0?.places.count ?? 0 } }

    /// The bytes of all texts.
    var bytes: Int { table.withLock { $0?.bytes ?? 0 } }

    /// A handle for a file that was opened just now; one that finds nothing where too many are open.
    /// - Parameter id: the number of the OPEN.
    func open(request id: UInt64) -> FileHandle {
        table.withLock { $0?.open(request: id) } ?? OpenFileTable.handleOfNobody
    }

    /// An OPEN was answered: if a predecessor opened a file for it too, its answer never got out, and nobody will close that one.
    func closeAbandoned(request id: UInt64) {
        table.withLock { $0?.closeAbandoned(request: id) }
    }

    /// What a READ gets of the text that was last read at offset 0: up to `size` bytes from `offset` on, none past its end.
    /// - Parameter id: the number of the READ. At offset 0 only one that was rendered before gets anything: see above.
    /// - Returns: `nil` where the file is to be rendered: no text is kept, or the handle is not known.
    func part(of handle: FileHandle, from offset: UInt64, size: Int, request id: UInt64) -> [UInt8]? {
        table.withLock { $0?.part(of: handle, from: offset, size: size, request: id) }
    }

    /// Keeps the text for the reads that follow. Does nothing for a handle that is not known.
    /// - Parameter id: the number of the READ that it was made for.
    func keep(_ text: [UInt8], for handle: FileHandle, request id: UInt64) {
        let (target, forgotten) = table.withLock { $0?.room(for: text.count, handle) ?? (nil, 0) }
        if forgotten > 0 { counters.add(.forgottenTexts, UInt64(forgotten)) }
        guard let (chains, chain) = target else { return }
        // Not under the lock: a text may be long, and nobody else has the chain.
        chains.write(text, to: chain, at: OpenFiles.headerBytes)
        table.withLock { $0?.publish(chain, for: handle, request: id) }
    }

    /// Forgets a file that was closed.
    func close(_ handle: FileHandle) {
        table.withLock { $0?.close(handle) }
    }

    /// Goes on with what is in the memory; what is broken is dropped.
    func takeOver(_ region: StateRegion, _ layout: StateLayout) -> OpenFiles.TakenOver {
        var files = OpenFiles(region, layout)
        let found = files.takeOver()
        table.withLock { $0 = files }
        return found
    }

    /// Gives memory that texts no longer need back to the kernel, a little at a time so that nobody waits for it. To be called from time to time.
    func returnFreeMemory() {
        table.withLock { $0?.forgetOldRequests() }
        var group: Int? = 0
        while let next = group { group = table.withLock { $0?.texts.discardUnused(from: next) } }
    }
}

/// The table as it lies in the memory, and what this process alone knows of it. `OpenFileTable` locks it.
///
/// A place is three words: the generation in the upper half, and 1 if it is open; the chain of its text; the number of its OPEN.
struct OpenFiles: Sendable {
    /// What a predecessor left.
    struct TakenOver: Sendable, Equatable {
        var files = 0
        var texts = 0
        /// Places and texts that were dropped.
        var broken = 0
    }

    /// A text's own handle, and the READs that it and the three texts before it were made for.
    static let headerBytes = 8 * (1 + rememberedReads)
    private static let rememberedReads = 4

    private let region: StateRegion
    private let section: StateSection
    private let usedOffset: Int?
    private let firstGeneration: UInt32
    /// Which places are open.
    private(set) var places: UsedEntries
    fileprivate(set) var texts: ChunkPool
    /// The lengths of all texts together.
    private(set) var bytes = 0
    /// How many places were ever open: those after them were never written.
    private var used = 0
    /// The place whose text is forgotten next.
    private var hand = 0
    /// The files that a predecessor opened and nobody has read, by their OPEN, which may come again.
    private var unread: [UInt64: FileHandle] = [:]

    init(_ region: StateRegion, _ layout: StateLayout) {
        self.region = region
        section = layout[.files]
        usedOffset = StateLayout.usedOffset(of: .files, in: region)
        firstGeneration = max(1, UInt32(truncatingIfNeeded: region.load64(at: StateLayout.firstGenerationOffset)))
        places = UsedEntries(capacity: section.count)
        texts = ChunkPool(ChunkChains(region, links: layout[.textLinks], chunks: layout[.textChunks]))
    }

    // MARK: Files

    mutating func open(request id: UInt64) -> FileHandle? {
        guard let index = places.take() else { return nil }
        if index >= used {
            used = index + 1
            if let usedOffset { region.store64(UInt64(used), at: usedOffset) }
        }
        let place = section.offset(of: index)
        let state = region.load64(at: place)
        var generation = state >> 32
        // A place that was never open, or one that nobody closed but that was lost with the number of places.
        if generation == 0 {
            generation = UInt64(firstGeneration)
        } else if state & 1 != 0 {
            generation = max(1, (generation + 1) & 0xffff_ffff)
        }
        region.store64(0, at: place + 8)
        region.store64(id, at: place + 16)
        region.store64(generation << 32 | 1, at: place)
        return FileHandle(rawValue: generation << 32 | UInt64(index))
    }

    mutating func closeAbandoned(request id: UInt64) {
        if let handle = unread.removeValue(forKey: id) { close(handle) }
    }

    /// What the predecessor left unanswered has been answered.
    mutating func forgetOldRequests() {
        if !unread.isEmpty { unread = [:] }
    }

    mutating func close(_ handle: FileHandle) {
        guard let index = index(of: handle) else { return }
        forgetText(at: index)
        let next = (handle.rawValue >> 32 + 1) & 0xffff_ffff
        region.store64(max(next, 1) << 32, at: section.offset(of: index))
        places.remove(index)
    }

    private func index(of handle: FileHandle) -> Int? {
        let index = Int(handle.rawValue & 0xffff_ffff)
        guard places.contains(index), region.load64(at: section.offset(of: index)) >> 32 == handle.rawValue >> 32 else { return nil }
        return index
    }

    // MARK: Texts

    /// See `OpenFileTable.part`.
    func part(of handle: FileHandle, from offset: UInt64, size: Int, request id: UInt64) -> [UInt8]? {
        guard let index = index(of: handle), let chain = text(at: index), offset > 0 || wasRendered(chain, for: id) else { return nil }
        let length = chain.length - OpenFiles.headerBytes
        let start = min(Int(clamping: offset), length)
        let end = start + min(max(size, 0), length - start)
        return texts.chains.bytes(of: chain, in: (OpenFiles.headerBytes + start)..<(OpenFiles.headerBytes + end))
    }

    /// Whether the text, or one of those before it, was made for the READ of this number.
    private func wasRendered(_ chain: ChunkChain, for id: UInt64) -> Bool {
        for word in 1...OpenFiles.rememberedReads where texts.chains.word(word, of: chain) == id { return id != 0 }
        return false
    }

    /// Room for a text of so many bytes, and how many texts were forgotten for it. Where there is none, the file's own text is forgotten too:
    /// it is not what the reader gets next.
    mutating func room(for count: Int, _ handle: FileHandle) -> ((ChunkChains, ChunkChain)?, Int) {
        guard let index = index(of: handle) else { return (nil, 0) }
        let needed = count + OpenFiles.headerBytes
        var forgotten = 0
        var passed = 0
        while texts.free < texts.chains.chunks(for: needed), passed < used, texts.chains.chunks(for: needed) <= texts.chains.count {
            hand = (hand + 1) % used
            passed += 1
            if hand != index, forgetText(at: hand) { forgotten += 1 }
        }
        if let chain = texts.take(bytes: needed) { return ((texts.chains, chain), forgotten) }
        forgetText(at: index)
        return (texts.take(bytes: needed).map { (texts.chains, $0) }, forgotten)
    }

    /// Gives the file the text that was written into `chain`, or the chain back where the file was closed meanwhile.
    mutating func publish(_ chain: ChunkChain, for handle: FileHandle, request id: UInt64) {
        guard let index = index(of: handle) else { return texts.release(chain) }
        let old = text(at: index)
        texts.chains.setWord(0, of: chain, to: handle.rawValue)
        texts.chains.setWord(1, of: chain, to: id)
        for word in 2...OpenFiles.rememberedReads {
            texts.chains.setWord(word, of: chain, to: old.map { texts.chains.word(word - 1, of: $0) } ?? 0)
        }
        region.store64(chain.word, at: section.offset(of: index) + 8)
        bytes += chain.length - OpenFiles.headerBytes
        if let old { release(old) }
    }

    private func text(at index: Int) -> ChunkChain? {
        let chain = ChunkChain(word: region.load64(at: section.offset(of: index) + 8))
        return chain.isEmpty ? nil : chain
    }

    /// Whether there was one.
    @discardableResult private mutating func forgetText(at index: Int) -> Bool {
        guard places.contains(index), let chain = text(at: index) else { return false }
        region.store64(0, at: section.offset(of: index) + 8)
        release(chain)
        return true
    }

    private mutating func release(_ chain: ChunkChain) {
        texts.release(chain)
        bytes -= chain.length - OpenFiles.headerBytes
    }

    // MARK: Take-over

    mutating func takeOver() -> TakenOver {
        var found = TakenOver()
        used = min(usedOffset.map { Int(clamping: region.load64(at: $0)) } ?? section.count, section.count)
        for index in 0..<used {
            let place = section.offset(of: index)
            let state = region.load64(at: place)
            let chain = ChunkChain(word: region.load64(at: place + 8))
            guard state & 1 != 0 else {
                if chain.word != 0 { region.store64(0, at: place + 8) }
                continue
            }
            guard state >> 32 != 0, places.insert(index) else {
                found.broken += 1
                region.store64(0, at: place)
                region.store64(0, at: place + 8)
                continue
            }
            found.files += 1
            guard chain.word != 0 else {
                let id = region.load64(at: place + 16)
                if id != 0 { unread[id] = FileHandle(rawValue: state & ~0xffff_ffff | UInt64(index)) }
                continue
            }
            if chain.length >= OpenFiles.headerBytes, texts.chains.word(0, of: chain) == state & ~0xffff_ffff | UInt64(index),
                texts.claim(chain)
            {
                found.texts += 1
                bytes += chain.length - OpenFiles.headerBytes
            } else {
                found.broken += 1
                region.store64(0, at: place + 8)
            }
        }
        texts.endClaims()
        return found
    }
}
