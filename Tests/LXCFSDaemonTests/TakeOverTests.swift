import ContainerViews
import FUSE
import LinuxSystem
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("Taking the worker's memory over")
struct TakeOverTests {
    private static let web = ContainerKey(
        cgroups: [(device: 30, inode: 7), (device: 26, inode: 99)], namespace: PIDNamespaceLife(inode: 4_026_531_900, startedAt: 55))

    private func text(_ letter: Character, _ count: Int) -> [UInt8] { Array(String(repeating: letter, count: count).utf8) }

    @Test func freshMemoryHoldsNothing() throws {
        let found = try StateBench().worker().takeOver()
        #expect(found == WorkerMemory.TakenOver(isFresh: true))
    }

    @Test func openFilesGoOnWithTheirTexts() throws {
        let bench = try StateBench()
        let old = bench.running()
        let handle = old.openFiles.open(request: 10)
        let closed = old.openFiles.open(request: 12)
        let silent = old.openFiles.open(request: 14)
        old.openFiles.keep(text("a", 3000), for: handle, request: 16)
        old.openFiles.keep(text("b", 3), for: closed, request: 18)
        old.openFiles.close(closed)

        let new = bench.worker()
        #expect(new.takeOver() == WorkerMemory.TakenOver(files: 2, texts: 1))
        #expect(new.openFiles.text(of: handle) == text("a", 3000))
        #expect(new.openFiles.part(of: handle, from: 0, size: 9, request: 16) == text("a", 9))
        #expect(new.openFiles.part(of: silent, from: 1, size: 9, request: 16) == nil)
        #expect(new.openFiles.bytes == 3000)
        let another = new.openFiles.open(request: 20)
        #expect(![handle, closed, silent].contains(another))
        #expect(new.openFiles.text(of: closed) == nil)
        new.openFiles.close(handle)
        new.openFiles.close(silent)
        new.openFiles.close(another)
        #expect(new.openFiles.count == 0 && new.openFiles.bytes == 0)
    }

    @Test func aFileWhoseOpenNeverGotOutIsClosedWhenTheOpenIsAnsweredAfterAll() throws {
        let bench = try StateBench()
        let old = bench.running()
        let answered = old.openFiles.open(request: 10)
        _ = old.openFiles.open(request: 12)
        let new = bench.running()
        let again = new.openFiles.open(request: 12)
        new.openFiles.closeAbandoned(request: 12)
        #expect(new.openFiles.count == 2)
        new.openFiles.keep([1], for: again, request: 13)
        new.openFiles.keep([2], for: answered, request: 14)
        #expect(new.openFiles.text(of: again) == [1] && new.openFiles.text(of: answered) == [2])
    }

    @Test func handlesOfMemoryThatWasMadeAnewAreNotGivenAgain() throws {
        let bench = try StateBench()
        let handle = bench.running().openFiles.open(request: 1)
        bench.region.store64(77, at: StateLayout.versionOffset)
        let new = bench.worker()
        #expect(new.takeOver().isFresh)
        let other = new.openFiles.open(request: 2)
        new.openFiles.keep([1], for: other, request: 3)
        #expect(new.openFiles.text(of: handle) == nil)
    }

    @Test func containersGoOnWithWhatTheyWereShown() throws {
        let bench = try StateBench()
        let old = bench.running()
        let record = ContainerRecord()
        let fresh = old.containers.attach(record, to: Self.web, startedAt: 12)
        #expect(fresh.cpuTimes.isEmpty && fresh.load.isEmpty)
        record.keep([1, 2, 3], as: .cpuTimes)
        record.keep([UInt64](repeating: 4, count: 100), as: .load)
        record.keep([UInt64](repeating: 5, count: 70), as: .cpuTimes)

        let new = bench.worker()
        #expect(new.takeOver() == WorkerMemory.TakenOver(containers: 1))
        // Another order of the same hierarchies.
        let same = ContainerKey(
            cgroups: [(device: 26, inode: 99), (device: 30, inode: 7)], namespace: PIDNamespaceLife(inode: 4_026_531_900, startedAt: 55))
        #expect(new.containers.startedAt(of: same) == 12)
        let successor = ContainerRecord()
        let kept = new.containers.attach(successor, to: same, startedAt: 99)
        #expect(kept.cpuTimes == [UInt64](repeating: 5, count: 70) && kept.load == [UInt64](repeating: 4, count: 100))
        new.containers.free(successor)
        #expect(new.containers.count == 0)
        successor.keep([1], as: .load)
        #expect(bench.running().containers.startedAt(of: Self.web) == nil)
    }

    @Test(arguments: [
        ContainerKey(cgroups: [(26, 99), (30, 7)], namespace: nil),
        ContainerKey(cgroups: [(26, 99), (30, 7)], namespace: PIDNamespaceLife(inode: 4_026_531_900, startedAt: 56)),
        ContainerKey(cgroups: [(26, 7), (30, 99)], namespace: PIDNamespaceLife(inode: 4_026_531_900, startedAt: 55)),
        ContainerKey(cgroups: [(26, 99)], namespace: PIDNamespaceLife(inode: 4_026_531_900, startedAt: 55)),
    ]) func anotherContainerDoesNotFindTheRecord(key: ContainerKey) throws {
        let bench = try StateBench()
        let record = ContainerRecord()
        _ = bench.running().containers.attach(record, to: Self.web, startedAt: 12)
        record.keep([1], as: .load)
        let new = bench.running()
        #expect(new.containers.startedAt(of: key) == nil)
        #expect(new.containers.attach(ContainerRecord(), to: key, startedAt: 1).load.isEmpty)
    }

    @Test func ofContainersThatNobodyAskedForAgainTheOneUsedLongestAgoMakesRoom() throws {
        let bench = try StateBench()
        let old = bench.running()
        let keys = (0..<6).map { ContainerKey(cgroups: [(1, UInt64($0 + 1))], namespace: nil) }
        let records = (0..<4).map { _ in ContainerRecord() }
        for index in 0..<4 { _ = old.containers.attach(records[index], to: keys[index], startedAt: 0) }
        for index in [2, 0, 3, 1] { records[index].keep([UInt64(index)], as: .load) }
        let new = bench.running()
        // 2 has an owner again, so that 0 is the oldest that has none.
        _ = new.containers.attach(ContainerRecord(), to: keys[2], startedAt: 0)
        _ = new.containers.attach(ContainerRecord(), to: keys[4], startedAt: 0)
        #expect(keys.map { new.containers.startedAt(of: $0) != nil } == [false, true, true, true, true, false])
        _ = new.containers.attach(ContainerRecord(), to: keys[5], startedAt: 0)
        #expect(keys.map { new.containers.startedAt(of: $0) != nil } == [false, true, true, false, true, true])
    }

    @Test func aContainerThatIsForgottenForRoomGoesOnWhereItWas() throws {
        let worker = try StateBench().running()
        let record = ContainerRecord()
        _ = worker.containers.attach(record, to: Self.web, startedAt: 0)
        record.keep([1, 2], as: .cpuTimes)
        worker.containers.detach(record)
        record.keep([9], as: .cpuTimes)
        #expect(worker.containers.attach(ContainerRecord(), to: Self.web, startedAt: 0).cpuTimes == [1, 2])
    }

    @Test func theSecondOwnerOfARecordIsTheOnlyOne() throws {
        let worker = try StateBench().running()
        let first = ContainerRecord()
        _ = worker.containers.attach(first, to: Self.web, startedAt: 0)
        _ = worker.containers.attach(ContainerRecord(), to: Self.web, startedAt: 0)
        first.keep([9], as: .cpuTimes)
        worker.containers.free(first)
        #expect(worker.containers.attach(ContainerRecord(), to: Self.web, startedAt: 0).cpuTimes == [])
        #expect(worker.containers.count == 1)
    }

    @Test func whoseCgroupsCannotBeToldHasNoRecord() throws {
        let worker = try StateBench().running()
        let record = ContainerRecord()
        let nobody = ContainerKey(cgroups: [], namespace: nil)
        _ = worker.containers.attach(record, to: nobody, startedAt: 0)
        record.keep([1], as: .load)
        #expect(worker.containers.count == 0 && worker.containers.startedAt(of: nobody) == nil)
    }

    @Test func withoutRoomWhatWasKeptStays() throws {
        let worker = try StateBench().running()
        let record = ContainerRecord()
        _ = worker.containers.attach(record, to: Self.web, startedAt: 0)
        record.keep([1], as: .cpuTimes)
        record.keep([UInt64](repeating: 2, count: 100_000), as: .cpuTimes)
        #expect(worker.counters[.unkeptAccumulators] == 1)
        #expect(worker.containers.attach(ContainerRecord(), to: Self.web, startedAt: 0).cpuTimes == [1])
    }

    @Test func countersGoOn() throws {
        let bench = try StateBench()
        let old = bench.running()
        old.counters.add(.fallbacks, 5)
        let new = bench.worker()
        new.counters.add(.fallbacks, 2)
        #expect(new.counters[.fallbacks] == 2, "the memory is not looked at before it is taken over")
        _ = new.takeOver()
        #expect(new.counters[.fallbacks] == 7 && new.counters[.takeOvers] == 2)
    }

    @Test(arguments: [0, 4096, 40_000, 200_000, 5 << 20]) func inLessMemoryThanIsWantedTheTablesAreSmaller(bytes: Int) throws {
        let shared = try SharedMemory(name: "lxcfs-test", count: 8 << 20)
        let worker = WorkerMemory(in: shared.region(0..<bytes))
        #expect(worker.takeOver().isFresh)
        let handle = worker.openFiles.open(request: 1)
        worker.openFiles.keep(text("a", 100), for: handle, request: 2)
        let record = ContainerRecord()
        _ = worker.containers.attach(record, to: Self.web, startedAt: 3)
        let kept = worker.openFiles.text(of: handle)
        #expect(kept == (bytes < 100_000 ? nil : text("a", 100)))
        let successor = WorkerMemory(in: shared.region(0..<bytes))
        _ = successor.takeOver()
        #expect(successor.openFiles.text(of: handle) == kept)
        #expect((successor.containers.startedAt(of: Self.web) == 3) == (kept != nil))
        #expect(shared.region(bytes..<shared.count).array(in: 0..<(1 << 20)).allSatisfy { $0 == 0 })
    }

    @Test func anotherVersionsTablesAreReadWhereItSaysTheyAre() throws {
        let bench = try StateBench()
        let larger = StateGeometry(files: 2, textChunks: 8, containers: 2, accumulatorChunks: 16)
        let old = WorkerMemory(in: StateRegion(bench.region), geometry: larger)
        _ = old.takeOver()
        let handle = old.openFiles.open(request: 1)
        old.openFiles.keep(text("x", 2000), for: handle, request: 2)
        // A table that this version does not know.
        let count = bench.region.load64(at: StateLayout.sectionCountOffset)
        bench.region.store64(999, at: StateLayout.sectionsOffset + Int(count) * StateLayout.sectionWords * 8)
        bench.region.store64(count + 1, at: StateLayout.sectionCountOffset)
        let new = bench.worker()
        #expect(new.takeOver() == WorkerMemory.TakenOver(files: 1, texts: 1))
        #expect(new.openFiles.text(of: handle) == text("x", 2000))
        _ = new.openFiles.open(request: 3)
        #expect(new.openFiles.open(request: 4).rawValue == 0, "there are two places, as the predecessor made them")
    }
}
