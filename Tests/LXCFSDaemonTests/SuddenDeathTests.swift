import ContainerViews
import FUSE
import LinuxSystem
import TestSupport
import Testing

@testable import LXCFSDaemon

/// A worker may be killed at any instruction: the memory is looked at as it is after every single store, and half-way through every copy.
@Suite("A worker that dies between two stores")
struct SuddenDeathTests {
    /// What is in a text says which READ made it.
    private static func text(of request: UInt64, length: Int) -> [UInt8] { [UInt8](repeating: UInt8(request), count: length) }

    /// What was open and read before the stores that are watched, and is not touched by them.
    private struct Neighbour {
        let handle: FileHandle
        let key = ContainerKey(cgroups: [(1, 1)], namespace: nil)

        init(in worker: WorkerMemory) {
            handle = worker.openFiles.open(request: 101)
            worker.openFiles.keep(SuddenDeathTests.text(of: 102, length: 1500), for: handle, request: 102)
            let record = ContainerRecord()
            _ = worker.containers.attach(record, to: key, startedAt: 3)
            record.keep([7, 7], as: .cpuTimes)
        }

        func check(in worker: WorkerMemory, _ found: WorkerMemory.TakenOver, _ step: Int) {
            #expect(!found.isFresh && found.broken == 0, "step \(step)")
            #expect(worker.openFiles.text(of: handle) == SuddenDeathTests.text(of: 102, length: 1500), "step \(step)")
            #expect(worker.containers.startedAt(of: key) == 3, "step \(step)")
            #expect(worker.containers.attach(ContainerRecord(), to: key, startedAt: 3).cpuTimes == [7, 7], "step \(step)")
        }
    }

    /// Fills a successor up: whatever it holds, it gives no handle twice and mixes no text.
    private func fill(_ worker: WorkerMemory, held: [FileHandle], _ step: Int) {
        var handles = held
        for id: UInt64 in 201...220 {
            let handle = worker.openFiles.open(request: id)
            guard handle.rawValue != 0 else { break }
            #expect(!handles.contains(handle), "step \(step)")
            handles.append(handle)
            worker.openFiles.keep(Self.text(of: id, length: 10), for: handle, request: id)
            #expect(worker.openFiles.part(of: handle, from: 0, size: 99, request: id) == Self.text(of: id, length: 10), "step \(step)")
        }
        for handle in handles { worker.openFiles.close(handle) }
    }

    @Test func theReaderGetsTheOldTextOrTheNewOneNeverAMixAndEachWithItsOwnNumber() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let neighbour = Neighbour(in: worker)
        let handle = worker.openFiles.open(request: 1)
        worker.openFiles.keep(Self.text(of: 2, length: 2500), for: handle, request: 2)
        let pictures = bench.pictures { worker.openFiles.keep(Self.text(of: 3, length: 3000), for: handle, request: 3) }
        #expect(pictures.count > 10)
        var seen: Set<Int> = []
        for (step, picture) in pictures.enumerated() {
            let (successor, found) = try StateBench.successor(of: picture)
            neighbour.check(in: successor, found, step)
            let files = successor.openFiles
            let isNew = files.part(of: handle, from: 0, size: 9999, request: 3) != nil
            let expected = isNew ? Self.text(of: 3, length: 3000) : Self.text(of: 2, length: 2500)
            #expect(files.part(of: handle, from: 0, size: 9999, request: 2) == expected, "step \(step)")
            #expect(files.part(of: handle, from: 1, size: 9999, request: 0) == Array(expected.dropFirst()), "step \(step)")
            seen.insert(isNew ? 3 : 2)
            fill(successor, held: [handle, neighbour.handle], step)
            #expect(files.count == 0 && files.bytes == 0, "step \(step)")
        }
        #expect(seen == [2, 3])
    }

    @Test func anOpenIsThereOrNot() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let neighbour = Neighbour(in: worker)
        let pictures = bench.pictures { _ = worker.openFiles.open(request: 1) }
        #expect(pictures.count >= 3)
        for (step, picture) in pictures.enumerated() {
            let (successor, found) = try StateBench.successor(of: picture)
            neighbour.check(in: successor, found, step)
            #expect((1...2).contains(successor.openFiles.count))
            // The OPEN comes again: in the end one file is open for it.
            let handle = successor.openFiles.open(request: 1)
            successor.openFiles.closeAbandoned(request: 1)
            #expect(successor.openFiles.count == 2, "step \(step)")
            fill(successor, held: [handle, neighbour.handle], step)
        }
    }

    @Test func aCloseThatIsDoneAgainIsDoneOnce() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let neighbour = Neighbour(in: worker)
        let handle = worker.openFiles.open(request: 1)
        worker.openFiles.keep(Self.text(of: 2, length: 2500), for: handle, request: 2)
        let pictures = bench.pictures { worker.openFiles.close(handle) }
        #expect(pictures.count >= 2)
        for (step, picture) in pictures.enumerated() {
            let (successor, found) = try StateBench.successor(of: picture)
            neighbour.check(in: successor, found, step)
            successor.openFiles.close(handle)
            #expect(successor.openFiles.count == 1 && successor.openFiles.bytes == 1500, "step \(step)")
            let next = successor.openFiles.open(request: 5)
            successor.openFiles.close(handle)
            #expect(successor.openFiles.count == 2, "step \(step)")
            fill(successor, held: [handle, next, neighbour.handle], step)
        }
    }

    @Test func aTextThatIsForgottenForAnotherIsThereWholeOrNotAtAll() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let neighbour = Neighbour(in: worker)
        let handles = (1...3).map { worker.openFiles.open(request: $0) }
        for (index, handle) in handles.prefix(2).enumerated() {
            worker.openFiles.keep(Self.text(of: UInt64(10 + index), length: 4000), for: handle, request: UInt64(10 + index))
        }
        // The neighbour's is the first in turn; it is read again so that the next ones go.
        let pictures = bench.pictures { worker.openFiles.keep(Self.text(of: 20, length: 5000), for: handles[2], request: 20) }
        for (step, picture) in pictures.enumerated() {
            let (successor, found) = try StateBench.successor(of: picture)
            #expect(found.broken == 0, "step \(step)")
            for (index, length) in [4000, 4000, 5000].enumerated() {
                let id: UInt64 = [10, 11, 20][index]
                let kept = successor.openFiles.part(of: handles[index], from: 0, size: 9999, request: id)
                #expect(kept == nil || kept == Self.text(of: id, length: length), "step \(step)")
            }
            fill(successor, held: handles + [neighbour.handle], step)
        }
    }

    @Test func aContainersNumbersAreTheOldOnesOrTheNewOnes() throws {
        let bench = try StateBench()
        let worker = bench.running()
        let neighbour = Neighbour(in: worker)
        let key = ContainerKey(cgroups: [(1, 2), (2, 3)], namespace: PIDNamespaceLife(inode: 5, startedAt: 6))
        let record = ContainerRecord()
        let old = [UInt64](repeating: 1, count: 40)
        let new = [UInt64](repeating: 2, count: 70)
        let making = bench.pictures { _ = worker.containers.attach(record, to: key, startedAt: 6) }
        record.keep(old, as: .cpuTimes)
        record.keep([5], as: .load)
        let keeping = bench.pictures { record.keep(new, as: .cpuTimes) }
        let freeing = bench.pictures { worker.containers.free(record) }
        #expect(making.count > 4 && keeping.count > 4 && freeing.count >= 3)
        for (step, picture) in (making + keeping + freeing).enumerated() {
            let (successor, found) = try StateBench.successor(of: picture)
            neighbour.check(in: successor, found, step)
            let isThere = successor.containers.startedAt(of: key) == 6
            let kept = successor.containers.attach(ContainerRecord(), to: key, startedAt: 6)
            switch step {
            case ..<making.count: #expect(kept.cpuTimes.isEmpty && kept.load.isEmpty, "step \(step)")
            case ..<(making.count + keeping.count):
                #expect(isThere && (kept.cpuTimes == old || kept.cpuTimes == new) && kept.load == [5], "step \(step)")
            default: #expect(isThere ? kept.cpuTimes == new : kept.cpuTimes.isEmpty, "step \(step)")
            }
            // There is room for two more, and they hold nothing of what was freed.
            for inode: UInt64 in 50...51 {
                let kept = successor.containers.attach(
                    ContainerRecord(), to: ContainerKey(cgroups: [(9, inode)], namespace: nil), startedAt: 1)
                #expect(kept.cpuTimes.isEmpty && kept.load.isEmpty, "step \(step)")
            }
            #expect(successor.containers.count == 4, "step \(step)")
        }
    }

    @Test func memoryThatIsHalfFormattedIsFormattedAnew() throws {
        let bench = try StateBench()
        _ = bench.running().openFiles.open(request: 1)
        bench.region.store64(99, at: StateLayout.versionOffset)
        let worker = bench.worker()
        let pictures = bench.pictures { _ = worker.takeOver() }
        #expect(pictures.count > 10)
        for picture in pictures {
            let (successor, found) = try StateBench.successor(of: picture)
            #expect(found.files == 0 && found.broken == 0)
            fill(successor, held: [], 0)
        }
    }

    /// Random lives: whatever the worker was doing when it died, each open file has its last text or none, and nothing is broken.
    @Test(arguments: UInt64(1)...20) func aWholeLifeCanEndAnywhere(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try StateBench()
        var worker = bench.running()
        var open: [FileHandle: (id: UInt64, length: Int)] = [:]
        var given: Set<FileHandle> = []
        for id: UInt64 in 1...120 {
            let victim = open.keys.sorted { $0.rawValue < $1.rawValue }.randomElement(using: &random)
            var pictures: [[UInt8]] = []
            switch (Int.random(in: 0..<4, using: &random), victim) {
            case (0, _), (_, nil):
                let handle = worker.openFiles.open(request: id + 1000)
                if handle.rawValue != 0 {
                    #expect(given.insert(handle).inserted, "seed \(seed), \(id)")
                    open[handle] = (0, 0)
                }
            case (1, let victim?):
                pictures = bench.pictures { worker.openFiles.close(victim) }
                open[victim] = nil
            case (_, let victim?):
                let length = Int.random(in: 1...4000, using: &random)
                pictures = bench.pictures { worker.openFiles.keep(Self.text(of: id, length: length), for: victim, request: id) }
                open[victim] = (id, length)
            }
            guard random.oneIn(4) else { continue }
            if let last = pictures.randomElement(using: &random), let victim {
                bench.region.copy(last, to: 0)
                // What was under way is done again, as the kernel's request is.
                worker = bench.running()
                if let (id, length) = open[victim] {
                    if id > 0, worker.openFiles.part(of: victim, from: 0, size: 1, request: id) == nil {
                        worker.openFiles.keep(Self.text(of: id, length: length), for: victim, request: id)
                    }
                } else {
                    worker.openFiles.close(victim)
                }
            } else {
                worker = bench.running()
            }
            #expect(worker.counters[.brokenEntries] == 0, "seed \(seed), \(id)")
            #expect(worker.openFiles.count == open.count, "seed \(seed), \(id)")
            for (handle, (id, length)) in open where id > 0 {
                let kept = worker.openFiles.part(of: handle, from: 1, size: .max, request: 0)
                #expect(kept == nil || kept == Array(Self.text(of: id, length: length).dropFirst()), "seed \(seed)")
            }
        }
        for handle in open.keys { worker.openFiles.close(handle) }
        #expect(worker.openFiles.count == 0 && worker.openFiles.bytes == 0)
    }
}
