@testable import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

/// One system call in a thread of its own.
final class Attempt: Sendable {
    private let outcome = Mutex<Result<Int, Errno>?>(nil)
    private let thread = Mutex<JoinableThread?>(nil)

    init(_ call: @escaping @Sendable () -> Int) throws {
        let started = try JoinableThread(name: "attempt", stackSize: 262_144) { [self] in
            let result = call()
            let error = Errno(rawValue: errno)
            outcome.withLock { $0 = result < 0 ? .failure(error) : .success(result) }
        }
        thread.withLock { $0 = started }
    }

    /// write(2) to a file that is opened before.
    convenience init(writing bytes: [UInt8], to path: String) throws {
        let number = Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        try self.init {
            let result = Glibc.write(number, bytes, bytes.count)
            let error = errno
            close(number)
            errno = error
            return result
        }
    }

    var isDone: Bool { outcome.withLock { $0 != nil } }

    /// What it returned.
    func result() throws -> Int {
        thread.withLock { $0 }?.join()
        return try outcome.withLock { try #require($0) }.get()
    }
}

extension KeptConnection {
    func shop(_ name: String) -> String { directory.path + "/workshop/" + name }

    /// How many requests of this name are in the slots.
    func unanswered(_ name: String) -> Int { (0..<watch.count).filter { watch.request(in: $0)?.name == name }.count }
}

extension MountTests {
    /// Requests that change something, and workers that die with them.
    @Suite("When workers die with a change") struct ChangeReplayTests {
        private func successor(_ kept: borrowing KeptConnection, _ toy: ToyFileSystem) throws -> Session {
            toy.gate.open()
            let session = try kept.session(toy)
            session.takeOver(after: .killed)
            try session.start()
            return session
        }

        @Test(arguments: [10, 4016, 4017, 8000]) func aWriteComesAgainWithTheSameBytes(count: Int) throws {
            let kept = try KeptConnection()
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 5 + 1) }
            let worker = try kept.worker(after: "handedOver")
            _ = try worker.awaitServing()
            let writer = try Attempt(writing: bytes, to: kept.shop("slow"))
            #expect(eventually { kept.unanswered("WRITE") == 1 })
            worker.kill9()
            #expect(!writer.isDone)
            let toy = ToyFileSystem(generation: 3)
            let session = try successor(kept, toy)
            #expect(try writer.result() == count)
            #expect(toy.workshop.writes.map(\.bytes) == [bytes])
            session.stop()
            #expect(kept.events.all.isEmpty)
        }

        @Test func theSuccessorFindsTheNoteOfARequest() throws {
            let calls: [(String, @Sendable (String) -> Int, @Sendable (UInt64) -> (ToyWorkshop.Request) -> Bool)] = [
                (
                    "MKDIR", { Int(mkdir($0, 0o700)) },
                    { note in { $0 == .makeDirectory(ToyWorkshop.slowName, mode: 0o700, note: note) } }
                ),
                ("RMDIR", { Int(rmdir($0)) }, { note in { $0 == .removeDirectory(ToyWorkshop.slowName, note: note) } }),
                (
                    "RENAME", { Int(rename($0, $0 + "2")) },
                    { note in { if case .rename(_, note) = $0 { true } else { false } } }
                ),
            ]
            for (name, call, isExpected) in calls {
                let kept = try KeptConnection()
                // RMDIR and RENAME are asked of a directory that is found.
                let path = kept.shop(ToyWorkshop.slowName.text)
                let first = ToyFileSystem(hasSlowDirectory: name != "MKDIR")
                let before = try kept.session(first)
                try before.start()
                let attempt = try Attempt { call(path) }
                #expect(eventually { first.gate.arrivals == 1 }, "\(name)")
                #expect(first.workshop.requests.contains(where: isExpected(0)), "\(name): \(first.workshop.requests)")
                // As if it had been killed there: what lies in the slot goes on, and the first answer comes too late.
                let image = kept.region.array(in: 0..<kept.region.count)
                first.gate.open()
                _ = try attempt.result()
                before.stop()
                kept.region.copy(image, to: 0)
                let second = ToyFileSystem(hasSlowDirectory: name != "MKDIR")
                let after = try successor(kept, second)
                #expect(eventually { !second.workshop.requests.isEmpty }, "\(name)")
                after.stop()
                #expect(second.workshop.requests.contains(where: isExpected(ToyWorkshop.note)), "\(name): \(second.workshop.requests)")
                #expect(kept.unanswered == 0)
                // Another request in the same slot begins without.
                let third = ToyFileSystem()
                let last = try kept.session(third)
                try last.start()
                for number in 0..<12 { #expect(mkdir(kept.shop("new \(number)"), 0o755) == 0) }
                #expect(third.workshop.requests.count == 12)
                #expect(third.workshop.requests.allSatisfy { if case .makeDirectory(_, mode: _, note: 0) = $0 { true } else { false } })
                last.stop()
            }
        }

        @Test func aNoteOutlivesAWorkerThatIsKilled() throws {
            let kept = try KeptConnection()
            let path = kept.shop(ToyWorkshop.slowName.text)
            let worker = try kept.worker(after: "handedOver")
            _ = try worker.awaitServing()
            let maker = try Attempt { Int(mkdir(path, 0o700)) }
            #expect(eventually { kept.unanswered("MKDIR") == 1 && kept.notes == [ToyWorkshop.note] })
            worker.kill9()
            let second = try kept.worker(after: "killed")
            #expect(try second.awaitServing().contains("serving 1 0"))
            second.kill9()
            let toy = ToyFileSystem()
            let session = try successor(kept, toy)
            #expect(try maker.result() == 0)
            #expect(toy.workshop.requests == [.makeDirectory(ToyWorkshop.slowName, mode: 0o700, note: ToyWorkshop.note)])
            session.stop()
            #expect(kept.notes.isEmpty)
        }

        /// Receives the next request of this name into a slot; those before it are answered as a session would.
        private func receive(_ kept: borrowing KeptConnection, _ name: String, into slot: Int) throws -> RequestSlot {
            let slots = RequestSlots(in: kept.region)
            slots.prepare()
            let buffer = try #require(slots[slot]).buffer
            var waiting = pollfd(fd: kept.connection.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&waiting, 1, 20_000) == 1)
            #expect(read(kept.connection.descriptor, buffer.bytes.baseAddress, buffer.count) >= 40)
            #expect(kept.watch.request(in: slot)?.name == name)
            return try #require(slots[slot])
        }

        @Test(arguments: [RequestOutcome.done(3), .failed(.resourceBusy)]) func whatWasDecidedIsNotDoneAgain(outcome: RequestOutcome) throws
        {
            let kept = try KeptConnection()
            let first = try kept.session(ToyFileSystem())
            try first.start()
            let path = kept.shop("value")
            let number = try OwnedFileDescriptor.open(path, O_WRONLY)
            first.stop()
            let descriptor = number.rawValue
            let writer = try Attempt { Glibc.write(descriptor, "12345", 5) }
            try receive(kept, "WRITE", into: 2).change.outcome = outcome
            let toy = ToyFileSystem()
            let session = try successor(kept, toy)
            switch outcome {
            case .done(let count): #expect(try writer.result() == count)
            case .failed(let error): #expect(throws: error) { try writer.result() }
            }
            #expect(toy.workshop.writes.isEmpty)
            session.stop()
        }

        @Test func whatWasMadeIsOnlyLookedUp() throws {
            let kept = try KeptConnection()
            let first = try kept.session(ToyFileSystem())
            try first.start()
            let root = try OwnedFileDescriptor.open(kept.shop("."), O_RDONLY | O_DIRECTORY)
            first.stop()
            let descriptor = root.rawValue
            let maker = try Attempt { Int(mkdirat(descriptor, "sealed", 0o755)) }
            // The LOOKUP of the name is answered that it is not there.
            let lookUp = try receive(kept, "LOOKUP", into: 0)
            kept.connection.refuse(lookUp.unique, .noSuchFileOrDirectory)
            lookUp.clear()
            try receive(kept, "MKDIR", into: 0).change.outcome = .done()
            let toy = ToyFileSystem()
            let session = try successor(kept, toy)
            #expect(try maker.result() == 0)
            #expect(toy.workshop.requests.isEmpty)
            #expect(toy.calls("lookUp") == 1)
            session.stop()
        }

        @Test func noWriteIsLostWhileWorkersAreKilled() throws {
            let kept = try KeptConnection()
            let isEnding = Atomic(false)
            let failures = Mutex<[String]>([])
            let written = Atomic(0)
            let paths = [kept.shop("sink"), kept.shop("value")]
            let worker = try kept.worker(after: "handedOver", gate: "open")
            _ = try worker.awaitServing()
            let writers = try (0..<4).map { index in
                let path = paths[index % 2]
                let count = [5, 4096, 8000, 300][index]
                return try Attempt {
                    guard let file = try? OwnedFileDescriptor.open(path, O_WRONLY) else { return -1 }
                    let bytes = [UInt8](repeating: 48, count: index % 2 == 0 ? count : min(count, 4096))
                    while !isEnding.load(ordering: .relaxed) {
                        let result = Glibc.write(file.rawValue, bytes, bytes.count)
                        if result != bytes.count { failures.withLock { $0.append("\(index): \(result), \(Errno(rawValue: errno))") } }
                        written.add(1, ordering: .relaxed)
                    }
                    return 0
                }
            }
            var replayed = 0
            worker.kill9()
            for _ in 0..<40 {
                let worker = try kept.worker(after: "killed", gate: "open")
                if try !worker.awaitServing().contains("serving 0 ") { replayed += 1 }
                usleep(UInt32.random(in: 0..<5000))
                worker.kill9()
            }
            let session = try successor(kept, ToyFileSystem())
            isEnding.store(true, ordering: .relaxed)
            for writer in writers { #expect(try writer.result() == 0) }
            session.stop()
            #expect(failures.withLock { $0 }.isEmpty, "\(failures.withLock { $0.prefix(5) })")
            #expect(written.load(ordering: .relaxed) > 40)
            #expect(replayed > 0)
        }
    }
}

extension KeptConnection {
    /// The notes that are not 0, whosever they are.
    var notes: [UInt64] {
        guard let layout = SlotLayout(headerOf: region) else { return [] }
        return (0..<layout.count).map { layout.record($0, in: region).load64(at: SlotRecord.changeOffset) }.filter { $0 != 0 }
    }
}
