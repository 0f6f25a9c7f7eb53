internal import Cgroups
internal import ContainerViews
internal import LinuxSystem
internal import Synchronization

/// What names a container exactly, for every process of this host: the device and inode of each of its cgroups and its pid namespace.
struct ContainerKey: Hashable, Sendable {
    /// The namespace's inode and start, 0 where it is the daemon's own; then device and inode of each cgroup, in ascending order.
    fileprivate let words: [UInt64]

    init(cgroups: [(device: UInt64, inode: UInt64)], namespace: PIDNamespaceLife?) {
        words = [namespace?.inode ?? 0, namespace?.startedAt ?? 0] + cgroups.sorted { $0 < $1 }.flatMap { [$0.device, $0.inode] }
    }

    fileprivate init(words: [UInt64]) {
        self.words = words
    }

    /// Whether it names no cgroup: then it names nobody.
    fileprivate var isEmpty: Bool { words.count <= 2 }
}

/// The containers that were shown something that must not be taken back, in memory that outlives this process.
///
/// A container's record is found by its key when somebody asks for the container again, and freed when the container is gone. One that nobody
/// asks for again stays until its place is needed: the one used longest ago goes first.
final class ContainerRecords: Sendable {
    // Lock order: `table`, a record's own, `AccumulatorPool`. Nothing before it is taken over.
    private let table = Mutex<RecordTable?>(nil)
    private let counters: StateCounters

    init(_ counters: StateCounters) {
        self.counters = counters
    }

    /// How many containers have a record.
    var count: Int { table.withLock { $0?.indexes.count ?? 0 } }

    /// When the container started as it was first seen, in nanoseconds of CLOCK_BOOTTIME; `nil` where it has no record.
    func startedAt(of key: ContainerKey) -> UInt64? {
        table.withLock { table in table?.indexes[key].flatMap { table?.identity(at: $0)?.startedAt } }
    }

    /// What is kept of a container; empty where nothing is.
    func kept(of key: ContainerKey) -> (cpuTimes: [UInt64], load: [UInt64]) {
        table.withLock { table in
            guard let index = table?.indexes[key], let memory = table?.memory else { return ([], []) }
            return (memory.words(of: .cpuTimes, at: index), memory.words(of: .load, at: index))
        }
    }

    /// Makes `record` the one in which the container's accumulators are kept from now on. Another that was it before keeps nothing any more.
    /// - Returns: what was kept before; empty where nothing was.
    func attach(_ record: ContainerRecord, to key: ContainerKey, startedAt: UInt64) -> (cpuTimes: [UInt64], load: [UInt64]) {
        table.withLock { table in
            guard !key.isEmpty, let index = table?.index(for: key, startedAt: startedAt), let memory = table?.memory else {
                counters.add(.unkeptAccumulators)
                return ([], [])
            }
            table?.owners[index]?.detach()
            table?.owners[index] = record
            record.attach(memory, index)
            return (memory.words(of: .cpuTimes, at: index), memory.words(of: .load, at: index))
        }
    }

    /// The container is forgotten here, but not gone: its record waits for it.
    func detach(_ record: ContainerRecord) {
        table.withLock { table in
            guard let index = record.detach() else { return }
            table?.owners[index] = nil
        }
    }

    /// The container is gone for good.
    func free(_ record: ContainerRecord) {
        table.withLock { table in
            guard let index = record.detach() else { return }
            table?.owners[index] = nil
            table?.free(index)
        }
    }

    /// Goes on with what is in the memory; what is broken is dropped.
    func takeOver(_ region: StateRegion, _ layout: StateLayout) -> RecordTable.TakenOver {
        let memory = RecordMemory(region, layout, counters)
        var table = RecordTable(memory)
        let found = table.takeOver()
        self.table.withLock { $0 = table }
        return found
    }

    /// Gives memory that no record needs any more back to the kernel. To be called from time to time.
    func returnFreeMemory() {
        table.withLock { $0?.memory }?.pool.discardUnused()
    }
}

/// Where one container's accumulators are kept. Until it is attached, and after it is detached, nowhere.
final class ContainerRecord: AccumulatorStore {
    private let place = Mutex<(memory: RecordMemory, index: Int)?>(nil)

    func keep(_ words: [UInt64], as accumulator: Accumulator) {
        place.withLock { place in
            guard let place else { return }
            place.memory.keep(words, as: accumulator, at: place.index)
        }
    }

    fileprivate func attach(_ memory: RecordMemory, _ index: Int) {
        place.withLock { $0 = (memory, index) }
    }

    /// Where it was attached. When this has returned, it keeps nothing more there.
    @discardableResult fileprivate func detach() -> Int? {
        place.withLock { place in
            defer { place = nil }
            return place?.index
        }
    }
}

/// Which container has which record. `ContainerRecords` locks it.
struct RecordTable: Sendable {
    /// What a predecessor left.
    struct TakenOver: Sendable, Equatable {
        var containers = 0
        /// Records and accumulators that were dropped.
        var broken = 0
    }

    fileprivate let memory: RecordMemory
    fileprivate var indexes: [ContainerKey: Int] = [:]
    fileprivate var owners: [Int: ContainerRecord] = [:]
    private var used: UsedEntries

    fileprivate init(_ memory: RecordMemory) {
        self.memory = memory
        used = UsedEntries(capacity: memory.count)
    }

    /// The record of a container; a new one where it has none. `nil` where there is no room even for that.
    fileprivate mutating func index(for key: ContainerKey, startedAt: UInt64) -> Int? {
        if let index = indexes[key] { return index }
        if used.count >= used.capacity, let oldest = oldestWithoutOwner() { free(oldest) }
        guard let index = used.take() else { return nil }
        guard memory.make(at: index, key.words, startedAt: startedAt) else {
            used.remove(index)
            return nil
        }
        indexes[key] = index
        return index
    }

    fileprivate mutating func free(_ index: Int) {
        if let key = identity(at: index)?.key, indexes[key] == index { indexes[key] = nil }
        memory.free(index)
        used.remove(index)
    }

    fileprivate func identity(at index: Int) -> (key: ContainerKey, startedAt: UInt64)? {
        memory.identity(at: index).map { (ContainerKey(words: $0.key), $0.startedAt) }
    }

    private func oldestWithoutOwner() -> Int? {
        (0..<memory.used).filter { used.contains($0) && owners[$0] == nil }.min { memory.lastUse(of: $0) < memory.lastUse(of: $1) }
    }

    fileprivate mutating func takeOver() -> TakenOver {
        var found = TakenOver()
        for index in 0..<memory.used {
            let (isUsed, broken) = memory.takeOver(index)
            found.broken += broken
            guard isUsed else { continue }
            guard let key = identity(at: index)?.key, indexes[key] == nil, used.insert(index) else {
                memory.free(index)
                found.broken += 1
                continue
            }
            indexes[key] = index
            found.containers += 1
        }
        memory.pool.endClaims()
        return found
    }
}
