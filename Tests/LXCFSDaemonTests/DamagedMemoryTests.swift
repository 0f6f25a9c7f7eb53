import ContainerViews
import FUSE
import LinuxSystem
import TestSupport
import Testing

@testable import LXCFSDaemon

/// Whatever a predecessor left in the memory, whoever takes it over neither traps nor hangs, and goes on working.
@Suite("Damaged memory")
struct DamagedMemoryTests {
    /// Memory in which something of everything is used.
    private func used() throws -> (StateBench, [FileHandle]) {
        let bench = try StateBench()
        let worker = bench.running()
        let handles = (1...5).map { worker.openFiles.open(request: $0) }
        for (index, handle) in handles.enumerated() {
            worker.openFiles.keep([UInt8](repeating: UInt8(index), count: 700 * index), for: handle, request: UInt64(10 + index))
        }
        worker.openFiles.close(handles[3])
        for inode: UInt64 in 1...3 {
            let record = ContainerRecord()
            _ = worker.containers.attach(record, to: ContainerKey(cgroups: [(1, inode)], namespace: nil), startedAt: 9)
            var words: [UInt64] = []
            CPUTimesHistory().write(to: &words)
            record.keep(words, as: .cpuTimes)
            LoadAverages().write(to: &words)
            record.keep(words, as: .load)
        }
        return (bench, handles)
    }

    private func use(_ worker: WorkerMemory, _ handles: [FileHandle], _ random: inout SeededGenerator) {
        let files = worker.openFiles
        for round in 0..<40 {
            let id = UInt64(round + 100)
            let handle = random.oneIn(2) ? handles[round % handles.count] : files.open(request: id)
            _ = files.part(of: handle, from: random.number(), size: Int(truncatingIfNeeded: random.number()), request: id)
            let text = [UInt8](repeating: UInt8(round), count: Int.random(in: 0...6000, using: &random))
            files.keep(text, for: handle, request: id)
            if let kept = files.part(of: handle, from: 0, size: .max, request: id) { #expect(kept == text) }
            if random.oneIn(2) { files.close(handle) }
        }
        for inode: UInt64 in 1...6 {
            let record = ContainerRecord()
            let kept = worker.containers.attach(record, to: ContainerKey(cgroups: [(1, inode)], namespace: nil), startedAt: 9)
            _ = CPUTimesHistory(kept.cpuTimes, now: .max)
            _ = LoadAverages(kept.load, now: .max)
            record.keep([1, 2, 3], as: .load)
            if random.oneIn(2) { worker.containers.free(record) }
        }
        worker.returnFreeMemory()
    }

    @Test(arguments: UInt64(1)...60) func neitherTrapsNorHangs(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let (bench, handles) = try used()
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                // Most damage hits the tables: they are small.
                let end = random.oneIn(3) ? bench.region.count : StateLayout(StateBench.geometry)[.textLinks].range.upperBound
                let offset = Int.random(in: 0..<end, using: &random) & ~7
                if random.oneIn(2) {
                    bench.region.store64(random.number(), at: offset)
                } else {
                    bench.region.store64(bench.region.load64(at: offset) ^ (1 << UInt64.random(in: 0..<64, using: &random)), at: offset)
                }
            }
            for _ in 0..<2 {
                let worker = bench.running()
                use(worker, handles, &random)
            }
        }
    }

    @Test(arguments: UInt64(1)...20) func aHeaderThatIsDamagedNeverLeadsOutside(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let (bench, handles) = try used()
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let word = StateLayout.sectionsOffset + 8 * Int.random(in: 0..<40, using: &random)
                let values: [UInt64] = [0, 1, 8, 4096, .max, 1 << 63, 1 << 32, random.number(), bench.region.load64(at: word) &+ 8]
                bench.region.store64(values.randomElement(using: &random) ?? 0, at: word)
            }
            use(bench.running(), handles, &random)
        }
    }

    @Test func whatIsAllOnesOrNoiseIsFormattedAnew() throws {
        var random = SeededGenerator(seed: 5)
        let bench = try StateBench()
        for _ in 0..<10 {
            let noise = (0..<StateBench.byteCount).map { _ in random.oneIn(9) ? 0xff : UInt8(truncatingIfNeeded: random.next()) }
            bench.region.copy(noise, to: 0)
            let worker = bench.worker()
            #expect(worker.takeOver() == WorkerMemory.TakenOver(isFresh: true))
            use(worker, [FileHandle(rawValue: 1)], &random)
        }
    }

    @Test func twoFilesWithOneTextKeepItForItsOwnerAlone() throws {
        let (bench, handles) = try used()
        let files = StateLayout(StateBench.geometry)[.files]
        bench.region.store64(bench.region.load64(at: files.offset(of: 2) + 8), at: files.offset(of: 1) + 8)
        let worker = bench.worker()
        #expect(worker.takeOver().broken == 1)
        #expect(worker.openFiles.text(of: handles[1]) == nil)
        #expect(worker.openFiles.text(of: handles[2]) == [UInt8](repeating: 2, count: 1400))
    }

    @Test func aChainThatGoesInACircleIsDropped() throws {
        let (bench, handles) = try used()
        let layout = StateLayout(StateBench.geometry)
        let first = ChunkChain(word: bench.region.load64(at: layout[.files].offset(of: 4) + 8)).first
        bench.region.store32(UInt32(first), at: layout[.textLinks].offset(of: first))
        let worker = bench.worker()
        #expect(worker.takeOver().broken == 1)
        #expect(worker.openFiles.text(of: handles[4]) == nil)
        worker.openFiles.keep([UInt8](repeating: 7, count: 6000), for: handles[4], request: 5)
        #expect(worker.openFiles.text(of: handles[4])?.count == 6000)
    }
}
