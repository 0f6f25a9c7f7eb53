internal import LinuxSystem
internal import Synchronization

/// What a worker leaves to its successor: open files with their texts, what containers were shown, and counters.
///
/// It lies in memory that outlives the process, whichever way that ends, at any instruction: everything new is written aside and published by one
/// store. The memory is only looked at from `takeOver` on, when its last user is dead or has stopped for good; before, there are no open files, and nothing is kept.
final class WorkerMemory: Sendable {
    /// The bytes it wants. Only what is used costs anything.
    static let byteCount = StateLayout(StateGeometry()).byteCount

    let counters = StateCounters()
    let openFiles: OpenFileTable
    let containers: ContainerRecords
    /// `StateCounter.refusedRequests` when this worker took over.
    let refusedBefore = Atomic<UInt64>(0)
    private let region: StateRegion
    private let geometry: StateGeometry

    /// - Parameter region: begins with a page.
    convenience init(in region: SharedRegion) {
        self.init(in: StateRegion(region), geometry: StateGeometry())
    }

    init(in region: StateRegion, geometry: StateGeometry) {
        self.region = region
        self.geometry = geometry
        openFiles = OpenFileTable(counters)
        containers = ContainerRecords(counters)
    }

    /// What was found in the memory.
    struct TakenOver: Sendable, Equatable, CustomStringConvertible {
        /// Whether there was nothing that this version could use.
        var isFresh = false
        var files = 0
        var texts = 0
        var containers = 0
        /// Entries that were dropped because they made no sense.
        var broken = 0

        var description: String {
            if isFresh { return "nothing" }
            let dropped = broken == 0 ? "" : "; \(broken) broken entries were dropped"
            return "\(files) open files, \(texts) texts, \(containers) containers\(dropped)"
        }
    }

    /// Goes on where the predecessor stopped, or makes the memory anew. To be called once, before the first request is served.
    ///
    /// Where an older keeper made less room than is wanted, the tables are smaller; where there is next to none, nothing is kept.
    func takeOver() -> TakenOver {
        let known = StateLayout(of: region)
        guard let layout = known ?? StateLayout(geometry, within: region.count) else { return TakenOver(isFresh: true) }
        // A handle that was given before the memory was made anew must not be given again to somebody else's file.
        if known == nil { layout.format(region, firstGeneration: UInt32.random(in: 1 ... .max)) }
        counters.takeOver(region, layout[.counters])
        refusedBefore.store(counters[.refusedRequests], ordering: .relaxed)
        let files = openFiles.takeOver(region, layout)
        let containers = containers.takeOver(region, layout)
        let found = TakenOver(
            isFresh: known == nil, files: files.files, texts: files.texts, containers: containers.containers,
            broken: files.broken + containers.broken)
        counters.add(.takeOvers)
        if found.broken > 0 { counters.add(.brokenEntries, UInt64(found.broken)) }
        return found
    }

    /// Gives memory that is no longer needed back to the kernel. To be called from time to time.
    func returnFreeMemory() {
        openFiles.returnFreeMemory()
        containers.returnFreeMemory()
    }
}
