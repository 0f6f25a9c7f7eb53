@testable import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing
import ToyFileSystem

/// Requests that no caller brings about, with node ids, handles, offsets and sizes from the ends of their ranges, from a kernel that is a socket.
@Suite("Odd requests", .timeLimit(.minutes(1))) struct OddRequestTests {
    /// What sends requests and receives answers, where a session has its /dev/fuse.
    private final class Kernel {
        let near: OwnedFileDescriptor
        let session: Session
        let toy: ToyFileSystem

        init(slots: RequestSlots) throws {
            var ends: [CInt] = [0, 0]
            guard socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue), 0, &ends) == 0 else { throw Errno(rawValue: errno) }
            near = OwnedFileDescriptor(adopting: ends[0])
            var initial: [UInt32] = [104, 26, 2, 0, 1, 0, 0, 0, 0, 0, 7, 31, 0, .max, .max] + [UInt32](repeating: 0, count: 11)
            let bytes = initial.withUnsafeMutableBytes { Array($0) }
            let request = try #require(InitRequest(bytes))
            let connection = Connection(adopting: OwnedFileDescriptor(adopting: ends[1]), initRequest: request, mount: nil)
            toy = ToyFileSystem()
            toy.gate.open()
            session = try Session(connection, fileSystem: toy, slots: slots) { _ in }
            try session.start()
        }

        deinit { session.stop() }

        /// Sends a request and receives its answer: the error in it, nil where there is none within the time of a hang.
        func ask(_ request: [UInt8]) throws -> (unique: UInt64, error: Int32)? {
            guard Glibc.send(near.rawValue, request, request.count, 0) == request.count else { throw Errno(rawValue: errno) }
            var waiting = pollfd(fd: near.rawValue, events: Int16(POLLIN), revents: 0)
            while poll(&waiting, 1, 20_000) == 1 {
                let answer = try read(near, 1 << 20)
                guard answer.count >= 16 else { return nil }
                let unique = answer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
                // 0 is that of a notification: new slots make a session ask for what others received.
                if unique != 0 { return (unique, answer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4, as: Int32.self) }) }
            }
            return nil
        }
    }

    /// The length of the structure behind a header, and the number of names behind that, of requests that are answered.
    private static let shapes: [(opcode: UInt32, structure: Int, names: Int)] = [
        (1, 0, 1), (3, 16, 0), (4, 88, 0), (5, 0, 0), (6, 0, 2), (8, 16, 1), (9, 8, 1), (10, 0, 1), (11, 0, 1), (12, 8, 2), (13, 8, 1),
        (14, 8, 0), (15, 40, 0), (16, 40, 0), (17, 0, 0), (18, 24, 0), (20, 16, 0), (21, 8, 1), (22, 8, 1), (23, 8, 0), (24, 0, 1),
        (25, 24, 0), (27, 8, 0), (28, 40, 0), (29, 24, 0), (30, 16, 0), (31, 48, 0), (32, 48, 0), (34, 8, 0), (35, 16, 1), (37, 16, 0),
        (39, 32, 0), (40, 24, 0), (43, 32, 0), (45, 16, 2), (46, 24, 0), (47, 56, 0), (60, 8, 0),
    ]

    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 100, 4096, 8000, 8001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 32, 1 << 62, 1 << 63, (1 << 63) - 1, .max, .max - 1,
        1 << 63 | 1 << 8, 1 << 63 | 1 << 8 | 1, 1 << 63 | 1 << 8 | 2, 1 << 63 | 2 << 8, 1 << 63 | 9 << 8,
    ]

    private func request(_ unique: UInt64, _ random: inout SystemRandomNumberGenerator) -> [UInt8] {
        let shape = Self.shapes.randomElement(using: &random) ?? (1, 0, 1)
        func number() -> UInt64 { Self.numbers.randomElement(using: &random) ?? 0 }
        func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } }
        var arguments: [UInt8] = []
        while arguments.count < shape.structure {
            // Two small numbers, or a great one.
            arguments += Bool.random(using: &random) ? bytes(number()) : Array((bytes(number()).prefix(4) + bytes(number()).prefix(4)))
        }
        arguments = Array(arguments.prefix(shape.structure))
        for _ in 0..<shape.names {
            let names: [[UInt8]] = [
                Array("value".utf8), Array("sealed".utf8), Array("new".utf8), [], [255], Array("..".utf8),
                [UInt8](repeating: 97, count: 1024),
            ]
            arguments += (names.randomElement(using: &random) ?? []) + [0]
        }
        if shape.opcode == 16 {
            let count = Int.random(in: 0...8000, using: &random)
            // Mostly as many bytes as it says.
            if Int.random(in: 0..<4, using: &random) > 0 { arguments.replaceSubrange(16..<20, with: bytes(UInt64(count)).prefix(4)) }
            arguments += [UInt8](repeating: 49, count: count)
        }
        return RequestSlotsTests.request(opcode: shape.opcode, unique: unique, node: number(), arguments: arguments)
    }

    @Test func areAnswered() throws {
        let kernel = try Kernel(slots: RequestSlots(count: 3))
        var random = SystemRandomNumberGenerator()
        var succeeded = 0
        for unique in stride(from: UInt64(4), to: 12_000, by: 2) {
            let request = request(unique, &random)
            let answer = try #require(try kernel.ask(request), "\(request.prefix(200))")
            #expect(answer.unique == unique, "\(request.prefix(200))")
            #expect(answer.error <= 0 && answer.error > -512, "\(request.prefix(200))")
            if answer.error == 0 { succeeded += 1 }
        }
        #expect(succeeded > 500)
        #expect(kernel.toy.workshop.requests.count > 200)
    }

    @Test func areAnsweredAfterTheirWorkersDeath() throws {
        var random = SystemRandomNumberGenerator()
        let memory = try SharedMemory(name: "slots", count: RequestSlots.byteCount(slots: 8))
        let region = memory.region(0..<memory.count)
        for round in 0..<60 {
            let slots = RequestSlots(in: region)
            slots.prepare()
            for index in 0..<slots.count {
                let slot = try #require(slots[index])
                slot.buffer.copy(request(UInt64(round) * 32 + UInt64(index) * 2 + 4, &random), to: 0)
                if Bool.random(using: &random) {
                    slot.change.note.value = Self.numbers.randomElement(using: &random) ?? 0
                    region.store64(random.next(), at: 64 + 64 * index + 24)
                }
            }
            let kernel = try Kernel(slots: slots)
            #expect(eventually { (0..<slots.count).allSatisfy { slots[$0]?.length == 0 } })
            #expect((0..<slots.count).allSatisfy { slots[$0]?.buffer.array(in: 0..<8192).allSatisfy { $0 == 0 } == true })
            _ = kernel
        }
    }

    /// An answer that is not noted before it is given would be given for what is done once more.
    @Test func theOutcomeIsNotedBeforeTheAnswer() throws {
        let memory = try SharedMemory(name: "slots", count: RequestSlots.byteCount(slots: 1))
        let slots = RequestSlots(in: memory.region(0..<memory.count))
        let kernel = try Kernel(slots: slots)
        // Answers that nobody receives fill the socket, until one has to wait.
        var asked: UInt64 = 2
        var bytes = RequestSlotsTests.write([UInt8](repeating: 49, count: 100))
        bytes.replaceSubrange(16..<24, with: [2, 1, 0, 0, 0, 0, 0, 128])
        var stuck: RequestSlot?
        while stuck == nil, asked < 100_000 {
            asked += 2
            bytes.replaceSubrange(8..<16, with: (0..<8).map { UInt8(truncatingIfNeeded: asked >> (8 * UInt64($0))) })
            #expect(Glibc.send(kernel.near.rawValue, bytes, bytes.count, 0) == bytes.count)
            let isTaken = eventuallySoon { slots[0]?.length == 0 && kernel.toy.workshop.writes.count == Int(asked / 2 - 1) }
            if !isTaken { stuck = slots[0] }
        }
        let slot = try #require(stuck)
        #expect(slot.id == asked)
        #expect(slot.change.outcome == .done(100))
        var waiting = pollfd(fd: kernel.near.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, 100) == 1 { _ = try read(kernel.near, 1000) }
        #expect(eventually { slots[0]?.length == 0 })
        #expect(slot.change.outcome == nil)
    }

    /// Within half a second.
    private func eventuallySoon(_ isTrue: () -> Bool) -> Bool {
        for _ in 0..<5000 {
            if isTrue() { return true }
            usleep(100)
        }
        return isTrue()
    }
}
