import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("Shared memory")
struct SharedMemoryTests {
    /// The same memory, as another process that was given the descriptor maps it.
    private func twice(_ count: Int) throws -> (SharedRegion, SharedRegion) {
        let one = try SharedMemory(name: "lxcfs-test", count: count)
        let other = try SharedMemory(adopting: OwnedFileDescriptor(adopting: dup(one.descriptor)))
        return (one.region(0..<count), other.region(0..<count))
    }

    @Test func whatOneStoresTheOtherSees() throws {
        let (one, other) = try twice(8192)
        one.store64(.max - 1, at: 4096)
        one.store32(7, at: 4)
        one.copy([1, 2, 3] as [UInt8], to: 100)
        one.copy([5, 6] as ArraySlice<UInt64>, to: 200)
        #expect(other.load64(at: 4096) == .max - 1 && other.load32(at: 4) == 7)
        #expect(other.array(in: 99..<104) == [0, 1, 2, 3, 0])
        #expect(other.load64(at: 200) == 5 && other.load64(at: 208) == 6)
        other.add64(3, at: 200)
        #expect(one.add64(2, at: 200) == 10)
        var bytes: [UInt8] = [9]
        other.append(100..<103, to: &bytes)
        #expect(bytes == [9, 1, 2, 3])
    }

    @Test func isClaimedByOneAtATime() throws {
        let one = try SharedMemory(name: "lxcfs-test", count: 4096)
        let other = try SharedMemory(adopting: OwnedFileDescriptor(adopting: dup(one.descriptor)))
        var claim: SharedMemory.Claim? = try one.claim()
        #expect(throws: Errno.wouldBlock) { try other.claim() }
        withExtendedLifetime(claim) {}
        claim = nil
        #expect(throws: Never.self) { try other.claim() }
    }

    @Test(arguments: [-8, -1, 1, 4, 4089, 4092, 4096, 5000, .max, .min])
    func whatLiesOutsideOrIsNotAlignedReadsAsZeroAndTakesNoStore(offset: Int) throws {
        let memory = try SharedMemory(name: "lxcfs-test", count: 8192)
        let region = memory.region(0..<4096)
        region.store64(.max, at: offset)
        region.add64(.max, at: offset)
        #expect(region.load64(at: offset) == 0)
        if offset >= 4096 || offset < 0 {
            region.store32(.max, at: offset)
            region.copy([1] as [UInt8], to: offset)
            region.copy([1] as ArraySlice<UInt64>, to: offset)
            #expect(region.load32(at: offset) == 0)
        }
        #expect(memory.region(0..<8192).array(in: 0..<8192).allSatisfy { $0 == 0 })
    }

    @Test func aCopyEndsWhereItsRegionEnds() throws {
        let memory = try SharedMemory(name: "lxcfs-test", count: 4096)
        let region = memory.region(0..<100)
        region.copy([UInt8](repeating: 1, count: 50), to: 80)
        region.copy([UInt64](repeating: .max, count: 4)[...], to: 72)
        let all = memory.region(0..<4096).array(in: 0..<4096)
        #expect(all[0..<72].allSatisfy { $0 == 0 } && all[72..<100].allSatisfy { $0 == 255 } && all[100...].allSatisfy { $0 == 0 })
        #expect(region.array(in: 98..<9999) == [255, 255])
        #expect(memory.region(4000..<9999).count == 96)
        #expect(memory.region(9000..<9999).count == 0)
        var bytes: [UInt8] = []
        region.append(99..<9999, to: &bytes)
        #expect(bytes == [255])
    }

    @Test(arguments: [0..<16384, 1..<16383, 4096..<8192, 4095..<8193, 100..<200, 8000..<99999, 5..<5])
    func whatIsDiscardedIsZeroAndNothingElse(range: Range<Int>) throws {
        let (one, other) = try twice(20480)
        // A part that begins off a page.
        let part = one.region(8..<20480)
        one.copy([UInt8](repeating: 7, count: 20480), to: 0)
        part.discard(range)
        let gone = (range.lowerBound + 8)..<min(range.upperBound + 8, 20480)
        for (index, byte) in other.array(in: 0..<20480).enumerated() { #expect(byte == (gone.contains(index) ? 0 : 7)) }
    }

    @Test func memoryThatSomebodyCouldShortenIsRefused() throws {
        var template = Array("/tmp/lxcfs-test-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        unlink(template)
        try #require(file >= 0)
        try #require(ftruncate(file, 4096) == 0)
        #expect(throws: Errno.invalidArgument) { _ = try SharedMemory(adopting: OwnedFileDescriptor(adopting: file)) }
    }
}
