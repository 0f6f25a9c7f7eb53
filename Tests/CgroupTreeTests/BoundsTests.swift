@testable import CgroupTree
import Cgroups
import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing

@Suite("Bounds of the tree")
struct BoundsTests {
    private func container(_ name: String) -> OwnCgroups { OwnCgroups(isHost: false, paths: [CgroupPath(name)]) }

    @Test func oneContainerDoesNotTakeAllPlaces() {
        let gate = RequestGate(threads: 32)
        for _ in 0..<16 { #expect(gate.enter(container("/a"))) }
        #expect(!gate.enter(container("/a")))
        #expect(gate.enter(container("/b")))
        gate.leave(container("/a"))
        #expect(gate.enter(container("/a")))
    }

    @Test func aPlaceThatBecomesFreeIsWaitedFor() throws {
        var hasEntered = false
        // On a busy machine the other thread may come too late, now and then.
        for _ in 0..<100 where !hasEntered {
            let gate = RequestGate(threads: 8)
            for name in ["/a", "/a", "/b", "/b"] { #expect(gate.enter(container(name))) }
            let leaving = try JoinableThread(name: "leaving", stackSize: 64 << 10) {
                usleep(2000)
                gate.leave(OwnCgroups(isHost: false, paths: [CgroupPath("/b")]))
            }
            hasEntered = gate.enter(container("/c"))
            leaving.join()
        }
        #expect(hasEntered)
    }

    @Test(arguments: [(32, 24), (16, 8), (8, 4), (4, 2), (1, 1)])
    func threadsAreLeftForTheViews(threads: Int, most: Int) {
        let gate = RequestGate(threads: threads)
        let entered = (0..<40).filter { gate.enter(container("/\($0)")) }
        #expect(entered.count == most)
    }

    @Test func cgroupsAreCountedAnewOnlyWhereTheyMayBeTooMany() throws {
        let budget = GroupBudget()
        let key = GroupBudget.Key(hierarchy: 1, path: Array("a".utf8))
        var counted = 0
        for _ in 0..<GroupBudget.most {
            try budget.take(key) { () throws(Errno) in
                counted += 1
                return 0
            }
        }
        #expect(counted == 1)
        #expect(throws: Errno.resourceTemporarilyUnavailable) { try budget.take(key) { () throws(Errno) in GroupBudget.most } }
        // Some were removed.
        try budget.take(key) { () throws(Errno) in GroupBudget.most - 1 }
        #expect(throws: Errno.resourceTemporarilyUnavailable) { try budget.take(key) { () throws(Errno) in GroupBudget.most } }
    }

    @Test func whatOthersTakeWhileIsCountedIsNotForgotten() throws {
        let budget = GroupBudget()
        let key = GroupBudget.Key(hierarchy: 1, path: Array("a".utf8))
        var taken = 0
        func take(_ count: () throws(Errno) -> Int) throws(Errno) {
            try budget.take(key, count: count)
            taken += 1
        }
        try take { () throws(Errno) in
            for _ in 0..<10 { try take { () throws(Errno) in 0 } }
            return 0
        }
        #expect(throws: Errno.resourceTemporarilyUnavailable) {
            while true { try take { () throws(Errno) in GroupBudget.most } }
        }
        #expect(taken == GroupBudget.most)
    }

    @Test(arguments: 0..<5) func severalThreadsTakeNoMoreThanOne(round: Int) throws {
        let budget = GroupBudget()
        let key = GroupBudget.Key(hierarchy: 1, path: Array("a".utf8))
        try budget.take(key) { () throws(Errno) in 0 }
        let taken = Atomic(1)
        let threads = try (0..<8).map { number in
            try JoinableThread(name: "taker-\(number)", stackSize: 256 << 10) {
                while (try? budget.take(key) { () throws(Errno) in GroupBudget.most }) != nil { taken.add(1, ordering: .relaxed) }
            }
        }
        for thread in threads { thread.join() }
        #expect(taken.load(ordering: .relaxed) == GroupBudget.most)
    }
}

@Suite("Who opened a file")
struct OpenerTests {
    private let root = ThreadCredentials(
        effectiveUser: 0, effectiveGroup: 0, fileSystemUser: 0, fileSystemGroup: 0, groups: [4], effective: .max, permitted: .max)

    @Test func theHandleSaysIt() {
        let opener = Opener(.unprivileged(user: 4_000_000_000, group: 5))
        #expect(Opener(opener.handle) == opener)
        #expect(opener.capabilities == 0)
        #expect(Opener(root).capabilities == .max)
    }

    @Test func whoWritesHasNoMoreRightsThanWhoOpened() throws {
        var weak = root
        weak.effective = 0b110
        let limited = try Opener(Opener(weak).handle).limiting(root)
        #expect(limited.effective == 0b110)
        #expect(limited.groups == [4])
        #expect(try Opener(root).limiting(weak).effective == 0b110)
    }

    @Test func anotherUserDoesNotWrite() {
        #expect(throws: Errno.permissionDenied) { try Opener(.unprivileged(user: 1000, group: 1000)).limiting(self.root) }
        #expect(throws: Errno.permissionDenied) { try Opener(self.root).limiting(.unprivileged(user: 1000, group: 1000)) }
    }
}
