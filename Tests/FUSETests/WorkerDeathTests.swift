@testable import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    /// Workers in processes of their own, which die as processes die.
    @Suite("When workers die") struct WorkerDeathTests {
        private let text = Array(ToyFileSystem.text.utf8)
        private var start: [UInt8] { Array(text.prefix(100)) }

        /// Serves with slow files answered at once.
        private func servingSession(_ kept: borrowing KeptConnection, _ toy: ToyFileSystem, after end: PredecessorEnd) throws -> Session {
            toy.gate.open()
            let session = try kept.session(toy)
            session.takeOver(after: end)
            try session.start()
            return session
        }

        @Test(arguments: [ToyFileSystem.File.slowRead, .slowOpen])
        func aHeldRequestIsAnsweredByTheSuccessor(file: ToyFileSystem.File) throws {
            let kept = try KeptConnection()
            let worker = try kept.worker(after: "handedOver")
            #expect(try worker.awaitServing().contains("serving 0 0"))
            let reader = try Reader(kept.path(file))
            #expect(eventually { kept.unanswered == 1 && kept.held(file) == 1 })
            let held = try #require(kept.watch.unanswered(heldSlot(kept)))
            #expect(worker.kill9() & 0x7f == SIGKILL)
            #expect(!reader.isDone)
            let toy = ToyFileSystem(generation: 3)
            let session = try servingSession(kept, toy, after: .killed)
            #expect(try reader.answer() == start)
            #expect(toy.ids.first == held, "the number of the request is what it was")
            #expect(eventually { toy.calls("release") == 1 && toy.openHandles == 0 })
            session.stop()
            #expect(kept.unanswered == 0)
            #expect(kept.events.all.isEmpty)
        }

        private func heldSlot(_ kept: borrowing KeptConnection) -> Int {
            (0..<kept.watch.count).first { kept.watch.unanswered($0) != nil } ?? 0
        }

        @Test func fourKillsInARowCostNobodyHisAnswer() throws {
            let kept = try KeptConnection()
            let readers = try (0..<3).map { _ in try Reader(kept.path(.slowRead)) }
            for round in 0..<4 {
                let worker = try kept.worker(after: "killed")
                _ = try worker.awaitServing()
                #expect(eventually { kept.held(.slowRead) == 3 }, "round \(round)")
                worker.kill9()
            }
            let session = try servingSession(kept, ToyFileSystem(), after: .killed)
            for reader in readers { #expect(try reader.answer() == start) }
            session.stop()
            #expect(kept.events.all.isEmpty)
        }

        @Test func theFifthKillOfARequestIsItsLast() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.slowRead))
            for _ in 0..<5 {
                let worker = try kept.worker(after: "killed")
                _ = try worker.awaitServing()
                #expect(eventually { kept.held(.slowRead) == 1 })
                worker.kill9()
            }
            let session = try servingSession(kept, ToyFileSystem(), after: .killed)
            #expect(throws: Errno.ioError) { try reader.answer() }
            session.stop()
            #expect(kept.events.all.count == 1)
        }

        @Test func aRequestThatCrashesTwoWorkersIsGivenUpAndTheOthersAreNot() throws {
            let kept = try KeptConnection(slots: 5)
            let first = try kept.worker(after: "handedOver")
            _ = try first.awaitServing()
            var innocents: [Reader] = []
            for count in 1...4 {
                innocents.append(try Reader(kept.path(.slowRead)))
                #expect(eventually { kept.held(.slowRead) == count })
            }
            let deadly = try Reader(kept.path(.deadly))
            #expect(first.ended() & 0x7f == SIGABRT)
            #expect(!deadly.isDone)
            // The innocent come first and take their time: none of them may be in service when the deadly one is.
            let second = try kept.worker(after: "crashed", gate: "late")
            #expect(second.ended() & 0x7f == SIGABRT)
            let session = try servingSession(kept, ToyFileSystem(), after: .crashed)
            #expect(throws: Errno.ioError) { try deadly.answer() }
            for reader in innocents { #expect(try reader.answer() == start) }
            session.stop()
            guard case .condemned(let request) = try #require(kept.events.all.first) else {
                Issue.record("\(kept.events.all)")
                return
            }
            #expect(kept.events.all.count == 1)
            #expect(request.reason == .crashed(workers: 2))
            #expect(request.request.name == "READ")
            #expect(request.request.node == UInt64(ToyFileSystem.File.deadly.rawValue))
        }

        @Test func whatTwoWorkersAreStuckWithIsGivenUp() throws {
            let kept = try KeptConnection()
            let stuck = try Reader(kept.path(.slowRead))
            var innocent: Reader?
            for _ in 0..<2 {
                let worker = try kept.worker(after: "stuck")
                _ = try worker.awaitServing()
                #expect(eventually { kept.held(.slowRead) == 1 })
                if innocent == nil { innocent = try Reader(kept.path(.slowOpen)) }
                #expect(eventually { kept.held(.slowOpen) == 1 })
                let slot = try #require((0..<kept.watch.count).first { kept.watch.request(in: $0)?.name == "READ" })
                kept.watch.blame(slot, for: try #require(kept.watch.unanswered(slot)))
                worker.kill9()
            }
            let session = try servingSession(kept, ToyFileSystem(), after: .stuck)
            #expect(throws: Errno.ioError) { try stuck.answer() }
            #expect(try innocent?.answer() == start)
            session.stop()
            #expect(kept.events.all.count == 1)
        }

        @Test func aDrainedWorkerLeavesNothing() throws {
            let kept = try KeptConnection()
            for end in ["handedOver", "handedOver", "killed"] {
                let worker = try kept.worker(after: end)
                #expect(try worker.awaitServing().contains("serving 0 0"))
                #expect(try Reader(kept.path(.text)).answer() == start)
                #expect(worker.drained() == 0)
                #expect(kept.unanswered == 0)
            }
        }

        /// Reads without a pause, and what went wrong with them.
        private final class Load: Sendable {
            private let isEnding = Atomic(false)
            private let state = Mutex<(reads: Int, failures: [String])>((0, []))
            private let threads = Mutex<[JoinableThread]>([])

            var reads: Int { state.withLock { $0.reads } }
            var failures: [String] { state.withLock { $0.failures } }

            init(readers: Int, text: String, large: String) throws {
                for index in 0..<readers {
                    let isSmall = index % 2 == 0
                    let path = isSmall ? text : large
                    let expected = isSmall ? Array(ToyFileSystem.text.utf8) : ToyFileSystem.large
                    let started = try JoinableThread(name: "load", stackSize: 262_144) { [self] in
                        while !isEnding.load(ordering: .relaxed) { one(path, expected) }
                    }
                    threads.withLock { $0.append(started) }
                }
            }

            private func one(_ path: String, _ expected: [UInt8]) {
                do throws(Errno) {
                    let isRight = try readAll(OwnedFileDescriptor.open(path, O_RDONLY), step: 65536) == expected
                    state.withLock {
                        $0.reads += 1
                        if !isRight { $0.failures.append("\(path): wrong") }
                    }
                } catch {
                    state.withLock { $0.failures.append("\(path): \(error)") }
                }
            }

            func end() {
                isEnding.store(true, ordering: .relaxed)
                for thread in threads.withLock({ $0 }) { thread.join() }
            }
        }

        @Test func noReadFailsWhileWorkersAreKilledAtRandomMoments() throws {
            let kept = try KeptConnection()
            let load = try Load(readers: 6, text: kept.path(.text), large: kept.path(.large))
            var numbers = SystemRandomNumberGenerator()
            var replayed = 0
            var condemned: [String] = []
            for round in 0..<80 {
                let worker = try kept.worker(after: "killed", gate: "open")
                // Now and then before it serves, or while it begins to.
                let said = try worker.said(until: round % 8 == 7 ? "ready" : "serving")
                condemned += said.split(separator: "\n").filter { $0.contains("condemned") }.map(String.init)
                if said.contains("serving") && !said.contains("serving 0 ") { replayed += 1 }
                usleep(UInt32.random(in: 0..<(round % 8 == 7 ? 1500 : 8000), using: &numbers))
                #expect(worker.kill9() & 0x7f == SIGKILL)
            }
            let toy = ToyFileSystem()
            let session = try servingSession(kept, toy, after: .killed)
            load.end()
            #expect(load.failures.isEmpty, "\(load.failures.prefix(5)); condemned: \(condemned)")
            #expect(load.reads > 80)
            #expect(replayed > 0, "no worker ever had a request")
            #expect(eventually { kept.unanswered == 0 })
            session.stop()
            #expect(kept.events.all.isEmpty)
        }

        @Test(.enabled(if: getenv("RUN_IN_VM") == nil, "the same on every machine, and slow on an emulated one"))
        func damagedSlotsTroubleNobody() throws {
            let kept = try KeptConnection()
            var numbers = SystemRandomNumberGenerator()
            let toy = ToyFileSystem()
            toy.gate.open()
            let ends: [PredecessorEnd] = [.handedOver, .crashed, .killed, .stuck]
            for round in 0..<150 {
                let slots = RequestSlots(in: kept.region)
                slots.prepare()
                for index in 0..<slots.count { damage(try #require(slots[index]), &numbers) }
                // A record or two, and now and then the header.
                for _ in 0..<(round % 3) { kept.region.store32(numbers.next(), at: 4 * .random(in: 16..<80, using: &numbers)) }
                if round % 3 == 0 {
                    kept.region.store32(.random(in: 0...64, using: &numbers), at: 4 * .random(in: 0..<16, using: &numbers))
                }
                for slot in -1..<6 { _ = kept.watch.request(in: slot)?.description }
                let session = try kept.session(toy)
                session.takeOver(after: ends[round % 4])
                try session.start()
                session.stop()
                #expect(kept.unanswered == 0)
            }
            let session = try servingSession(kept, toy, after: .handedOver)
            #expect(try Reader(kept.path(.text)).answer() == start)
            #expect(try readAll(OwnedFileDescriptor.open(kept.path(.large), O_RDONLY), step: 65536) == ToyFileSystem.large)
            session.stop()
        }

        /// Noise, or a request that is whole but for what it asks, or nothing.
        private func damage(_ slot: RequestSlot, _ numbers: inout SystemRandomNumberGenerator) {
            func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in numbers.next() & numbers.next() } }
            switch Int.random(in: 0..<4, using: &numbers) {
            case 0: slot.buffer.copy(noise(slot.buffer.count), to: 0)
            case 1, 2:
                let request = RequestSlotsTests.request(
                    opcode: .random(in: 1...60, using: &numbers), unique: .random(in: (1 << 50)..<(1 << 62), using: &numbers),
                    node: .random(in: 0..<14, using: &numbers), arguments: noise(200))
                slot.buffer.copy(request, to: 0)
            default: break
            }
        }
    }
}

extension KeptConnection {
    /// How many of the requests that a file is slow with are in service: not the OPEN that goes before a slow READ, and none that waits for a thread of a
    /// new worker.
    func held(_ file: ToyFileSystem.File) -> Int {
        guard let layout = SlotLayout(headerOf: region) else { return 0 }
        return (0..<layout.count).filter { slot in
            guard let request = watch.request(in: slot), request.node == UInt64(file.rawValue) else { return false }
            return request.name == (file == .slowOpen ? "OPEN" : "READ") && !RequestSlot(layout, slot, in: region).history.isWaiting
        }.count
    }
}
