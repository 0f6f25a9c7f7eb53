@testable import FUSE
import Testing

/// Layout: include/uapi/linux/fuse.h, fuse_in_header, fuse_init_in, fuse_out_header, fuse_init_out.
@Suite("FUSE_INIT")
struct InitRequestTests {
    /// A request as the kernel sends it: length, opcode 26, unique, ..., major 7, minor, readahead, flags, flags2.
    private func request(minor: UInt32, flags: UInt32, bodyWords: Int = 16, major: UInt32 = 7, opcode: UInt32 = 26) -> [UInt8] {
        let header: [UInt32] = [UInt32(40 + bodyWords * 4), opcode, 2, 0, 1, 0, 0, 0, 0, 0]
        var body = [major, minor, 131_072, flags, 0xffff_ffff]
        body += [UInt32](repeating: 0, count: max(0, 16 - body.count))
        return (header + body.prefix(bodyWords)).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
    }

    private func words(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }
    }

    @Test func theAnswerIsTheSameForEveryKernelThatOffersEnough() throws {
        let first = try #require(InitRequest(request(minor: 31, flags: 0x7fff_ffff)))
        let later = try #require(InitRequest(request(minor: 99, flags: 0xffff_ffff)))
        #expect(first.answer == later.answer)
        #expect(first.restricted == later.restricted)
        let answer = words(first.answer)
        #expect(answer[0] == 80)
        #expect(answer[1] == 0)
        #expect(answer[2] == 2, "the request's unique number")
        #expect(answer[4...5] == [7, 31])
        #expect(answer[7] == 1 << 3 | 1 << 5 | 1 << 18, "ATOMIC_O_TRUNC, BIG_WRITES, PARALLEL_DIROPS")
        #expect(answer[9] == 8000, "the longest WRITE")
    }

    @Test func nothingIsTakenThatIsNotOffered() throws {
        let request = try #require(InitRequest(request(minor: 27, flags: 1 << 5, bodyWords: 4)))
        #expect(words(request.answer)[4...5] == [7, 27])
        #expect(words(request.answer)[7] == 1 << 5)
        #expect(words(request.restricted)[13] == 1 << 5)
    }

    @Test func whatIsNoInitIsRefused() {
        #expect(InitRequest([]) == nil)
        #expect(InitRequest(request(minor: 31, flags: 0, opcode: 1)) == nil)
        #expect(InitRequest(request(minor: 31, flags: 0, major: 8)) == nil)
        #expect(InitRequest(request(minor: 8, flags: 0)) == nil)
        #expect(InitRequest(Array(request(minor: 31, flags: 0).dropLast(4))) == nil)
    }
}
