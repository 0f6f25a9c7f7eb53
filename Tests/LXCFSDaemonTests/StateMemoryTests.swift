@testable import LXCFSDaemon
import FUSE
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite("The memory that outlives every worker")
struct StateMemoryTests {
    /// A connection as far as the memory is concerned: what the kernel began with.
    private func connection() throws -> Connection {
        // fuse_in_header and fuse_init_in of protocol 7.31.
        var bytes = [UInt8](repeating: 0, count: 56)
        bytes[0] = 56
        bytes[4] = 26
        bytes[8] = 2
        bytes[40] = 7
        bytes[44] = 31
        return Connection(
            adopting: try OwnedFileDescriptor.open("/dev/null", 0), initRequest: try #require(InitRequest(bytes)),
            mount: Connection.Mount(path: "/mnt", device: "0:52"))
    }

    private func adopt(_ state: StateMemory) throws -> StateMemory {
        try StateMemory(adopting: state.memory.duplicate())
    }

    @Test func isFoundAgainByWhoInheritsIt() throws {
        let connection = try connection()
        let state = try StateMemory(for: connection, slots: 8, workerBytes: 10_000)
        state.lastEnd = .crashed
        state.reloadReason = "not executable"
        state.showsHost = true
        state.count(.crashes)
        let other = try adopt(state)
        #expect(other.initRequest?.bytes == connection.initRequest.bytes)
        #expect(other.device == "0:52")
        #expect(other.lastEnd == .crashed && other.showsHost && other[.crashes] == 1)
        #expect(other.reloadReason == "not executable")
        #expect(RequestSlots(in: other.slots).count == 8)
        #expect(other.worker.count >= 10_000)
        other[.workerPID] = 4711
        #expect(state[.workerPID] == 4711, "it is the same memory")
    }

    @Test func theLongestReasonIsCutOff() throws {
        let state = try StateMemory(for: try connection(), slots: 1, workerBytes: 0)
        state.reloadReason = String(repeating: "x", count: 10_000)
        #expect(state.reloadReason.count == 255)
        #expect(state.initRequest != nil)
    }

    @Test(arguments: [0, 16, 24, 32, 40, 48, 64, 120, 512, 1016])
    func whoKeepsItMakesGoodWhatAWorkerCannotDoWithout(offset: Int) throws {
        let state = try StateMemory(for: try connection(), slots: 2, workerBytes: 4096)
        let constants = state.constants
        state.count(.crashes)
        #expect(!state.restore(constants), "nothing was damaged")
        state.memory.region(0..<4096).store64(0xdead_beef_dead_beef, at: offset)
        #expect(state.restore(constants))
        let other = try adopt(state)
        #expect(other.device == "0:52" && other.slots.count == state.slots.count && other.worker.count == 4096 && other[.crashes] == 1)
    }

    @Test func memoryOfOthersIsRefused() throws {
        let empty = try SharedMemory(name: "empty", count: 65536)
        #expect(throws: Errno.invalidArgument) { try StateMemory(adopting: empty.duplicate()) }
        #expect(throws: Errno.invalidArgument) { try StateMemory(adopting: OwnedFileDescriptor.open("/dev/null", 2)) }
    }

    @Test func damageIsNeverATrap() throws {
        let state = try StateMemory(for: try connection(), slots: 4, workerBytes: 4096)
        var random = SeededGenerator(seed: 11)
        let header = state.memory.region(0..<4096)
        for _ in 0..<2000 {
            header.store64(random.next(), at: Int.random(in: 1..<128, using: &random) * 8)
            guard let other = try? adopt(state) else { continue }
            _ = (other.lastEnd, other.device, other.reloadReason, other.initRequest?.bytes, other.count(.generation))
            #expect(other.slots.count <= other.memory.count && other.worker.count <= other.memory.count)
            _ = RequestWatch(other.slots).count
            _ = RequestSlots(in: other.slots).count
        }
    }
}
