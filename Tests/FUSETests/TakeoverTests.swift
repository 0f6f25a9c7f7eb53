@testable import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    /// Requests that somebody else received and did not answer.
    @Suite("Taking over") struct TakeoverTests {
        private let text = Array(ToyFileSystem.text.utf8)

        /// Receives the next request into a slot as a thread does that is killed behind its read(2).
        private func receive(_ kept: borrowing KeptConnection, into slot: Int) throws {
            let slots = RequestSlots(in: kept.region)
            slots.prepare()
            let buffer = try #require(slots[slot]).buffer
            var waiting = pollfd(fd: kept.connection.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&waiting, 1, 20_000) == 1)
            #expect(read(kept.connection.descriptor, buffer.bytes.baseAddress, buffer.count) >= 40)
        }

        @Test func aRequestInASlotIsAnswered() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.text))
            try receive(kept, into: 2)
            #expect(kept.watch.request(in: 2)?.name == "LOOKUP")
            let session = try kept.session(ToyFileSystem())
            #expect(!reader.isDone)
            let inheritance = session.takeOver(after: .killed)
            #expect(inheritance.waiting == 1)
            #expect(inheritance.condemned == 0)
            #expect(inheritance.isResent == nil)
            try session.start()
            #expect(try reader.answer() == Array(text.prefix(100)))
            session.stop()
            #expect(kept.unanswered == 0)
            #expect(kept.events.all.isEmpty)
        }

        @Test func whoNeverServedLeavesItToTheNext() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.text))
            try receive(kept, into: 3)
            for _ in 0..<9 { #expect(try kept.session(ToyFileSystem()).takeOver(after: .crashed).waiting == 1) }
            let session = try kept.session(ToyFileSystem())
            #expect(session.takeOver(after: .handedOver).waiting == 1)
            try session.start()
            #expect(try reader.answer() == Array(text.prefix(100)))
            session.stop()
        }

        @Test func sessionsFollowEachOtherOnTheSameSlots() throws {
            let kept = try KeptConnection()
            let slots = RequestSlots(in: kept.region)
            for generation in 1...3 {
                let toy = ToyFileSystem(generation: generation)
                let session = try kept.session(toy, slots: slots)
                try session.start()
                #expect(try Reader(kept.path(.ticket), count: 12).answer() == Array("generation \(generation)".utf8))
                #expect(eventually { toy.openHandles == 0 })
                session.stop()
            }
            #expect(kept.unanswered == 0)
        }

        /// Both were done by the predecessor, which was killed before it could note that: the kernel takes no answer.
        @Test func whatIsDoneTwiceLeavesNoHandle() throws {
            let kept = try KeptConnection()
            let slots = RequestSlots(in: kept.region)
            slots.prepare()
            try #require(slots[0]).buffer.copy(RequestSlotsTests.request(opcode: 14, unique: 1 << 40), to: 0)
            let release = RequestSlotsTests.request(opcode: 18, unique: 2 << 40, arguments: [UInt8](repeating: 9, count: 24))
            try #require(slots[1]).buffer.copy(release, to: 0)
            let toy = ToyFileSystem()
            let session = try kept.session(toy, slots: slots)
            #expect(session.takeOver(after: .killed).waiting == 2)
            try session.start()
            #expect(toy.calls("open") == 1)
            #expect(toy.calls("release") == 2)
            #expect(toy.openHandles == 0)
            #expect(toy.ids == [1 << 40])
            session.stop()
            #expect(kept.events.all.isEmpty)
        }

        @Test func aCondemnedRequestIsAnsweredWithAnErrorAndNamed() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.text))
            try receive(kept, into: 1)
            let slot = try #require(RequestSlots(in: kept.region)[1])
            var history = SlotRecord()
            history.crashes = 1
            slot.history = history
            let session = try kept.session(ToyFileSystem())
            let inheritance = session.takeOver(after: .crashed)
            #expect(inheritance.condemned == 1)
            #expect(inheritance.waiting == 0)
            #expect(throws: Errno.ioError) { try reader.answer() }
            guard case .condemned(let request) = try #require(kept.events.all.first) else { return #expect(Bool(false)) }
            #expect(request.slot == 1)
            #expect(request.reason == .crashed(workers: 2))
            #expect(request.request.name == "LOOKUP")
            #expect(request.request.node == 1)
            #expect(request.request.uid == 0)
            #expect(request.request.pid != 0)
            try session.start()
            #expect(try Reader(kept.path(.text)).answer() == Array(text.prefix(100)))
            session.stop()
        }

        @Test func theKernelHandsOutAgainWhatWasInLostSlots() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.text))
            try receive(kept, into: 0)
            let id = try #require(kept.watch.unanswered(0))
            kept.region.store64(0, at: 0)
            let session = try kept.session(ToyFileSystem())
            let inheritance = session.takeOver(after: .killed)
            #expect(inheritance.isResent != nil)
            #expect(kept.unanswered == 0)
            if inheritance.isResent != true {
                // Linux before 6.9: nobody can answer it.
                kept.abort()
                #expect(throws: Errno.self) { try reader.answer() }
                return
            }
            try receive(kept, into: 3)
            let slot = try #require(RequestSlots(in: kept.region)[3])
            #expect(slot.unique == id | 1 << 63, "this is how the kernel marks it")
            #expect(slot.id == id)
            let next = try kept.session(ToyFileSystem())
            #expect(next.takeOver(after: .killed).waiting == 1)
            try next.start()
            #expect(try reader.answer() == Array(text.prefix(100)))
            next.stop()
        }

        @Test func anErrorFindsARequestThatIsHandedOutAgain() throws {
            let kept = try KeptConnection()
            let reader = try Reader(kept.path(.text))
            try receive(kept, into: 0)
            let unique = try #require(RequestSlots(in: kept.region)[0]).unique
            if kept.connection.askToResend() { try receive(kept, into: 1) }
            kept.connection.refuse(unique, .ioError)
            #expect(throws: Errno.ioError) { try reader.answer() }
        }

        @Test func pollIsAskedForOnceAndNeverAgain() throws {
            let kept = try KeptConnection()
            let session = try kept.session(ToyFileSystem())
            try session.start()
            let file = try OwnedFileDescriptor.open(kept.path(.text), O_RDONLY)
            session.stop()
            // Nobody serves.
            let number = file.rawValue
            let poller = try JoinableThread(name: "poller", stackSize: 262_144) {
                var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, 20_000)
            }
            try receive(kept, into: 0)
            #expect(kept.watch.request(in: 0)?.name == "POLL")
            #expect(!poller.isFinished)
            let next = try kept.session(ToyFileSystem())
            try next.start()
            poller.join()
            next.stop()
            var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            #expect(poll(&waiting, 1, 20_000) == 1)
            #expect(CInt(waiting.revents) == POLLIN)
            let last = try kept.session(ToyFileSystem())
            try last.start()
            last.stop()
        }
    }
}
