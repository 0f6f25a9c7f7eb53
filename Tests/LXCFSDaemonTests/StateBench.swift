import LinuxSystem
import Synchronization

@testable import LXCFSDaemon

/// A small worker's memory, and workers one after the other in it.
final class StateBench: Sendable {
    static let geometry = StateGeometry(files: 6, textChunks: 12, containers: 4, accumulatorChunks: 24)
    static let byteCount = StateLayout(geometry).byteCount

    let shared: SharedMemory
    /// The memory as it was after each store, oldest first, while it is watched.
    private let pictures = Mutex<[[UInt8]]>([])
    private let isWatched = Mutex(false)

    init() throws {
        shared = try SharedMemory(name: "lxcfs-test", count: StateBench.byteCount)
    }

    var region: SharedRegion { shared.region(0..<shared.count) }

    /// A worker that has not taken over yet.
    func worker() -> WorkerMemory {
        let watched = StateRegion(region) { [self] in
            if isWatched.withLock({ $0 }) { pictures.withLock { $0.append(region.array(in: 0..<region.count)) } }
        }
        return WorkerMemory(in: watched, geometry: StateBench.geometry)
    }

    /// A worker that has.
    func running() -> WorkerMemory {
        let worker = worker()
        _ = worker.takeOver()
        return worker
    }

    /// The memory as it was after each store that `body` made.
    func pictures(of body: () -> Void) -> [[UInt8]] {
        pictures.withLock { $0 = [] }
        isWatched.withLock { $0 = true }
        body()
        isWatched.withLock { $0 = false }
        return pictures.withLock { $0 }
    }

    /// A worker that takes over memory as it is in a picture.
    static func successor(of picture: [UInt8]) throws -> (WorkerMemory, WorkerMemory.TakenOver) {
        let bench = try StateBench()
        bench.region.copy(picture, to: 0)
        let worker = WorkerMemory(in: StateRegion(bench.region), geometry: geometry)
        return (worker, worker.takeOver())
    }
}
