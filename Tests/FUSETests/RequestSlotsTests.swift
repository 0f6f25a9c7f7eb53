@testable import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing

/// What is in request slots, without a kernel behind them.
@Suite("Request slots") struct RequestSlotsTests {
    /// An OPEN of node 2: a header as the kernel writes it, and fuse_open_in.
    static func request(
        opcode: UInt32 = 14, unique: UInt64 = 20, node: UInt64 = 2, arguments: [UInt8] = [UInt8](repeating: 0, count: 8)
    ) -> [UInt8] {
        func bytes(_ number: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } }
        return bytes(UInt64(40 + arguments.count), 4) + bytes(UInt64(opcode), 4) + bytes(unique, 8) + bytes(node, 8) + bytes(1000, 4)
            + bytes(1001, 4) + bytes(4711, 4) + bytes(0, 4) + arguments
    }

    private let memory: SharedMemory
    private let region: SharedRegion

    init() throws {
        memory = try SharedMemory(name: "slots", count: RequestSlots.byteCount(slots: 4))
        region = memory.region(0..<memory.count)
    }

    private func prepared() -> RequestSlots {
        let slots = RequestSlots(in: region)
        slots.prepare()
        return slots
    }

    /// Slot `index` of a fresh set, with a request in it.
    private func slot(_ index: Int = 1, with request: [UInt8]) throws -> RequestSlot {
        let slot = try #require(prepared()[index])
        slot.buffer.copy(request, to: 0)
        return slot
    }

    @Test(arguments: [1, 2, 10, 63, 64, 500]) func areAsManyAsTheirMemoryIsMadeFor(count: Int) throws {
        let memory = try SharedMemory(name: "slots", count: RequestSlots.byteCount(slots: count))
        let slots = RequestSlots(in: memory.region(0..<memory.count))
        #expect(slots.count == count)
        #expect(slots.isNew)
        slots.prepare()
        #expect(RequestWatch(memory.region(0..<memory.count)).count == count)
        #expect(RequestSlots(in: memory.region(0..<(memory.count - 1))).count == count - 1, "the header leads out of the memory")
    }

    @Test func doNotTouchWhatAPredecessorMayStillServeWith() {
        let before = region.array(in: 0..<region.count)
        _ = RequestSlots(in: region)
        #expect(region.array(in: 0..<region.count) == before)
    }

    /// A page that is missing when its thread is being killed would cost the caller an EIO.
    @Test func areInMemoryBeforeAnythingIsReceived() throws {
        let memory = try SharedMemory(name: "slots in memory", count: RequestSlots.byteCount(slots: 20))
        func kibibytes(_ field: String) throws -> Int {
            let lines = String(decoding: try readAll(OwnedFileDescriptor.open("/proc/self/smaps", O_RDONLY), step: 65536), as: UTF8.self)
                .split(separator: "\n")
            let start = try #require(lines.firstIndex { $0.contains("slots in memory") })
            let line = try #require(lines[start...].first { $0.hasPrefix(field) })
            return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        }
        #expect(try kibibytes("Rss:") < memory.count / 1024)
        RequestSlots(in: memory.region(0..<memory.count)).prepare()
        #expect(try kibibytes("Rss:") == memory.count / 1024)
        #expect(try kibibytes("Shared_Dirty:") + kibibytes("Private_Dirty:") == memory.count / 1024, "they can be written")
        if geteuid() == 0 { #expect(try kibibytes("Locked:") > 0) }
    }

    @Test func areFoundAgainWithWhatIsInThem() throws {
        _ = try slot(with: RequestSlotsTests.request())
        let found = prepared()
        #expect(!found.isNew)
        #expect(found[1]?.id == 20)
        #expect(found[0]?.length == 0)
    }

    @Test(arguments: [0, 8, 12, 16, 20, 24, 28, 32]) func anUnknownLayoutIsMadeAnew(offset: Int) throws {
        _ = try slot(with: RequestSlotsTests.request())
        region.store32(0xffff_fff8, at: offset)
        #expect(RequestWatch(region).count == 0)
        let slots = prepared()
        #expect(slots.isNew)
        #expect(slots.count == 4)
        #expect((0..<4).allSatisfy { slots[$0]?.length == 0 })
    }

    @Test func longerRecordsAndBuffersOfAnotherVersionAreUnderstood() throws {
        let memory = try SharedMemory(name: "slots", count: 1 << 20)
        let region = memory.region(0..<memory.count)
        for (index, word) in [UInt32(1), 3, 128, 192, 8192, 16384, 12288].enumerated() { region.store32(word, at: 8 + 4 * index) }
        region.store64(0x746f_6c73_6663_786c, at: 0)
        region.copy(RequestSlotsTests.request(), to: 8192 + 2 * 16384)
        let slots = RequestSlots(in: region)
        #expect(!slots.isNew)
        #expect(slots.count == 3)
        slots.prepare()
        #expect(slots[2]?.id == 20)
        #expect(slots[2]?.inherit(after: .crashed) == .waiting)
        #expect(region.load64(at: 128 + 2 * 192) == 0x101)
    }

    @Test func aRequestThatCrashesTwoWorkersIsCondemned() throws {
        let slot = try slot(with: RequestSlotsTests.request())
        #expect(slot.inherit(after: .crashed) == .waiting)
        #expect(slot.inherit(after: .crashed) == .waiting, "it was not in service")
        slot.history.isWaiting = false
        #expect(slot.inherit(after: .crashed) == .condemned(.crashed(workers: 2)))
        #expect(slot.inherit(after: .handedOver) == .condemned(.crashed(workers: 2)), "whoever condemned it ended before it was cleared")
    }

    @Test func killsAreForgivenFourTimes() throws {
        let slot = try slot(with: RequestSlotsTests.request())
        for _ in 0..<4 {
            #expect(slot.inherit(after: .killed) == .waiting)
            slot.history.isWaiting = false
        }
        #expect(slot.inherit(after: .killed) == .condemned(.killed(workers: 5)))
    }

    @Test func onlyTheBlamedRequestIsCondemnedForAStuckWorker() throws {
        let stuck = try slot(1, with: RequestSlotsTests.request(unique: 20 | 1 << 63))
        let innocent = try slot(2, with: RequestSlotsTests.request(unique: 22))
        let other = try slot(3, with: RequestSlotsTests.request(unique: 24))
        let watch = RequestWatch(region)
        watch.blame(1, for: 20)
        watch.blame(3, for: 18)
        watch.blame(99, for: 20)
        watch.blame(-1, for: 20)
        for round in 1...3 {
            #expect(stuck.inherit(after: .stuck) == (round == 1 ? .waiting : .condemned(.stuck(workers: round))))
            #expect(innocent.inherit(after: .stuck) == .waiting)
            #expect(other.inherit(after: .stuck) == .waiting, "the blamed request has gone, and this one has its slot")
            for slot in [stuck, innocent, other] { slot.history.isWaiting = false }
        }
    }

    @Test func anAnsweredRequestLeavesNothingBehind() throws {
        let slot = try slot(with: RequestSlotsTests.request(opcode: 18, arguments: [UInt8](repeating: 7, count: 100)))
        #expect(slot.inherit(after: .crashed) == .waiting)
        slot.clear()
        #expect(slot.history == SlotRecord())
        #expect(slot.buffer.array(in: 0..<8192).allSatisfy { $0 == 0 })
        #expect(slot.inherit(after: .crashed) == .nothing)
    }

    @Test(arguments: [2, 42, 36]) func nobodyWaitsForForgetAndInterrupt(opcode: UInt32) throws {
        #expect(try slot(with: RequestSlotsTests.request(opcode: opcode)).inherit(after: .crashed) == .nothing)
    }

    @Test func whatIsNoRequestIsNotProcessed() throws {
        func inherited(_ request: [UInt8]) throws -> RequestSlot.Inherited { try slot(with: request).inherit(after: .crashed) }
        #expect(try inherited(RequestSlotsTests.request(arguments: [0, 0, 0])) == .condemned(.damaged), "fuse_open_in has 8 bytes")
        #expect(try inherited(RequestSlotsTests.request(opcode: 1, arguments: Array("name".utf8))) == .condemned(.damaged), "no end")
        #expect(try inherited(RequestSlotsTests.request(opcode: 1, arguments: Array("name\0".utf8))) == .waiting)
        let endless = [255, 255, 255, 255] + RequestSlotsTests.request().dropFirst(4)
        #expect(try inherited(endless) == .condemned(.damaged), "longer than the slot")
        #expect(try inherited(RequestSlotsTests.request(opcode: 26)) == .condemned(.damaged), "a second INIT")
        #expect(try inherited(RequestSlotsTests.request(opcode: 4000)) == .unsupported)
        #expect(try inherited(RequestSlotsTests.request(unique: 0)) == .nothing, "an answer to 0 would be a notification")
        #expect(try inherited(RequestSlotsTests.request(unique: 1 << 63)) == .nothing)
        #expect(try inherited(RequestSlotsTests.request(unique: 21)) == .nothing, "the number of an INTERRUPT")
    }

    /// WRITE of these bytes, `fuse_write_in` saying that they are so many.
    static func write(_ bytes: [UInt8], says count: Int? = nil) -> [UInt8] {
        let size = count ?? bytes.count
        let number = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
        return request(opcode: 16, arguments: [UInt8](repeating: 0, count: 16) + number + [UInt8](repeating: 0, count: 20) + bytes)
    }

    @Test func aWriteHasAsManyBytesAsItSays() throws {
        func inherited(_ request: [UInt8]) throws -> RequestSlot.Inherited { try slot(with: request).inherit(after: .killed) }
        for count in [0, 1, 4016, 4017, 4096, 8000] {
            #expect(try inherited(RequestSlotsTests.write([UInt8](repeating: 7, count: count))) == .waiting)
            #expect(try inherited(RequestSlotsTests.write([UInt8](repeating: 7, count: count), says: count + 1)) == .condemned(.damaged))
            #expect(try inherited(RequestSlotsTests.write([UInt8](repeating: 7, count: count), says: count - 1)) == .condemned(.damaged))
        }
        #expect(try inherited(RequestSlotsTests.write([1], says: Int(UInt32.max))) == .condemned(.damaged))
    }

    /// The kernel breaks a copy off between two pages and answers EIO.
    @Test func aWriteThatMayNotBeWholeIsNotDone() throws {
        let bytes = [UInt8](repeating: 7, count: 4016) + [UInt8](repeating: 0, count: 80)
        #expect(try slot(with: RequestSlotsTests.write(bytes)).inherit(after: .killed) == .condemned(.damaged))
        #expect(try slot(with: RequestSlotsTests.write(bytes.dropLast() + [1])).inherit(after: .killed) == .waiting)
        #expect(try slot(with: RequestSlotsTests.write([UInt8](repeating: 0, count: 4016))).inherit(after: .killed) == .waiting)
    }

    @Test func aLongRequestLeavesNothingForTheNext() throws {
        let slot = try slot(with: RequestSlotsTests.write([UInt8](repeating: 7, count: 8000)))
        slot.clear()
        #expect(slot.buffer.array(in: 0..<8192).allSatisfy { $0 == 0 })
    }

    @Test func whatAnOlderVersionLeavesIsZeroed() throws {
        let slot = try slot(with: RequestSlotsTests.write([UInt8](repeating: 7, count: 8000)))
        slot.buffer.store64(0, at: 0)
        slot.clear(all: true)
        #expect(slot.buffer.array(in: 0..<8192).allSatisfy { $0 == 0 })
    }

    @Test func namesEndWhereTheRequestEnds() throws {
        func inherited(_ opcode: UInt32, _ arguments: [UInt8]) throws -> RequestSlot.Inherited {
            try slot(with: RequestSlotsTests.request(opcode: opcode, arguments: arguments)).inherit(after: .killed)
        }
        let mode = [UInt8](repeating: 0, count: 8)
        #expect(try inherited(9, mode + Array("name\0".utf8)) == .waiting)
        #expect(try inherited(9, mode + Array("name\0more".utf8)) == .condemned(.damaged))
        #expect(try inherited(9, mode + Array("name\0\0".utf8)) == .condemned(.damaged))
        #expect(try inherited(12, mode + Array("old\0new\0".utf8)) == .waiting)
        #expect(try inherited(12, mode + Array("old\0".utf8)) == .condemned(.damaged))
        #expect(try inherited(4, [UInt8](repeating: 0, count: 87)) == .condemned(.damaged), "fuse_setattr_in has 88 bytes")
        #expect(try inherited(4, [UInt8](repeating: 0, count: 88)) == .waiting)
    }

    @Test func aNoteIsOfOneRequest() throws {
        let slot = try slot(with: RequestSlotsTests.request(opcode: 9, arguments: [UInt8](repeating: 0, count: 9)))
        #expect(slot.change.note.value == 0)
        #expect(slot.change.outcome == nil)
        slot.change.note.value = 4711
        slot.change.outcome = .failed(.fileExists)
        let found = try #require(prepared()[1])
        #expect(found.change.note.value == 4711)
        #expect(found.change.outcome == .failed(.fileExists))
        // Handed out again by the kernel, it is the same one.
        found.buffer.store64(20 | 1 << 63, at: 8)
        #expect(found.change.note.value == 4711)
        // An older version serves the next request and knows nothing of notes.
        found.buffer.store64(22, at: 8)
        #expect(found.change.note.value == 0)
        #expect(found.change.outcome == nil)
        found.change.note.value = 4712
        found.change.outcome = .done(8000)
        found.clear()
        #expect(region.array(in: 64..<(64 + 4 * 64)).allSatisfy { $0 == 0 })
    }

    @Test func everyOutcomeIsKept() {
        for outcome in [.done(), .done(1), .done(8000), .failed(.noMemory), .failed(Errno(rawValue: 700))] as [RequestOutcome] {
            #expect(outcome.rawValue != 0)
            #expect(RequestOutcome(rawValue: outcome.rawValue) == outcome)
        }
        #expect(RequestOutcome(rawValue: 0) == nil)
        #expect(RequestOutcome(rawValue: .max) != nil)
    }

    @Test func areWatchedFromOutside() throws {
        let watch = RequestWatch(region)
        #expect(watch.count == 0)
        #expect(watch.unanswered(0) == nil)
        _ = try slot(3, with: RequestSlotsTests.request(opcode: 15, unique: 20 | 1 << 63, node: 7))
        #expect((-1...4).map { watch.unanswered($0) } == [nil, nil, nil, nil, 20, nil])
        let request = try #require(watch.request(in: 3))
        #expect(request.description == "READ of node 7 by process 4711 of user 1000")
        let condemned = CondemnedRequest(request: request, slot: 3, reason: .crashed(workers: 2))
        #expect("\(condemned)" == "READ of node 7 by process 4711 of user 1000, in slot 3, is answered EIO: 2 workers crashed on it")
    }
}
