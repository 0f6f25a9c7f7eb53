import CLinux
import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    @Suite("Session") struct SessionTests {
        @Test func threadsAreNamed() throws {
            let toy = try MountedToy(threads: 3)
            let proc = try Directory(path: "/proc/self/task")
            #expect(
                eventually {
                    let names = ((try? proc.names()) ?? []).map { thread in
                        (try? readAll(proc.open(thread + "/comm"), step: 100)).map { String(decoding: $0.dropLast(), as: UTF8.self) }
                    }
                    return (0..<3).allSatisfy { names.contains("lxcfs/fuse-\($0)") }
                })
            _ = toy.directory.path
        }

        @Test func aSuccessorServesWhatIsOpenAndWhatWaits() throws {
            let toy = try MountedToy(ToyFileSystem(generation: 1))
            let file = try toy.open(.ticket)
            #expect(String(decoding: try read(file, 12), as: UTF8.self) == "generation 1")
            toy.session.stop()

            // Nobody serves: the reader waits in the kernel.
            let waiting = Mutex<[UInt8]?>(nil)
            let isRead = Atomic(false)
            let path = toy.path(.ticket)
            let reader = try JoinableThread(name: "reader", stackSize: 262144) {
                let bytes = try? read(OwnedFileDescriptor.open(path, O_RDONLY), 12)
                waiting.withLock { $0 = bytes }
                isRead.store(true, ordering: .releasing)
            }
            usleep(50_000)
            let wasServed = isRead.load(ordering: .acquiring)
            #expect(!wasServed)

            let inherited = OwnedFileDescriptor(adopting: dup(toy.connection.descriptor))
            let request = try #require(InitRequest(toy.connection.initRequest.bytes))
            let connection = Connection(adopting: inherited, initRequest: request, mount: toy.connection.mount)
            let successor = ToyFileSystem(generation: 2)
            let session = try Session(connection, fileSystem: successor, slots: RequestSlots(count: 2)) { toy.events.append($0) }
            try session.start()
            defer { session.stop() }
            reader.join()
            #expect(waiting.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } == "generation 2")
            #expect(String(decoding: try read(file, 12, at: 0), as: UTF8.self) == "generation 2")
            #expect(try readAll(toy.open(.large), step: 65536) == ToyFileSystem.large)
            #expect(successor.calls("open") == 2)
            #expect(successor.calls("lookUp") == 1, "only `large`: the kernel still knew the rest")
            #expect(toy.events.all.isEmpty)
        }

        @Test func stoppingFinishesWhatHasBegun() throws {
            let toy = try MountedToy(threads: 2)
            let path = toy.path(.slowRead)
            let count = Atomic(-1)
            let reader = try JoinableThread(name: "reader", stackSize: 262144) {
                count.store((try? read(OwnedFileDescriptor.open(path, O_RDONLY), 100))?.count ?? -2, ordering: .releasing)
            }
            #expect(eventually { toy.fileSystem.gate.arrivals == 1 })
            let session = toy.session
            let stopper = try JoinableThread(name: "stopper", stackSize: 262144) { session.stop() }
            usleep(100_000)
            #expect(!stopper.isFinished)
            toy.fileSystem.gate.open()
            stopper.join()
            reader.join()
            #expect(count.load(ordering: .acquiring) == 100)
            toy.session.stop()
        }

        @Test func anUnmountFromOutsideEndsIt() throws {
            let toy = try MountedToy()
            #expect(try read(toy.open(.text), 4) == Array("line".utf8))
            #expect(eventually { toy.fileSystem.openHandles == 0 })
            #expect(umount2(toy.directory.path, CInt(MNT_DETACH)) == 0)
            #expect(eventually { !toy.events.all.isEmpty })
            toy.session.stop()
            #expect(toy.events.all == [.unmounted])
            #expect(try toy.connection.unmount() == false)
        }

        @Test func anAnswerThatNobodyTakesReleasesWhatWasOpened() throws {
            let toy = try MountedToy()
            let path = toy.path(.slowOpen)
            let error = Mutex<Errno?>(nil)
            let opener = try JoinableThread(name: "opener", stackSize: 262144) {
                let failed = failure { Glibc.open(path, O_RDONLY) }
                error.withLock { $0 = failed }
            }
            #expect(eventually { toy.fileSystem.gate.arrivals == 1 })
            // Aborts the connection; it may report that it is busy.
            umount2(toy.directory.path, CInt(MNT_FORCE))
            opener.join()
            #expect(error.withLock { $0 } != nil)
            #expect(toy.fileSystem.openHandles == 0)
            toy.fileSystem.gate.open()
            #expect(eventually { toy.fileSystem.calls("release") == 1 })
            #expect(toy.fileSystem.openHandles == 0)
            #expect(eventually { toy.events.all == [.unmounted] })
        }

        @Test(.enabled(if: program("busybox") != nil, "busybox is not installed"))
        func aKilledReaderTroublesNobody() throws {
            let toy = try MountedToy(threads: 2)
            let busybox = try #require(program("busybox"))
            let child = try Child([busybox, "dd", "if=" + toy.path(.slowRead), "of=/dev/null"])
            #expect(eventually { toy.fileSystem.gate.arrivals == 1 })
            kill(child.pid, SIGTERM)
            usleep(50_000)
            kill(child.pid, SIGKILL)
            #expect(try readAll(toy.open(.text), step: 4096) == Array(ToyFileSystem.text.utf8))
            toy.fileSystem.gate.open()
            #expect([SIGTERM, SIGKILL].contains(child.wait() & 0x7f))
            #expect(eventually { toy.fileSystem.openHandles == 0 })
            #expect(try readAll(toy.open(.text), step: 4096) == Array(ToyFileSystem.text.utf8))
            #expect(toy.events.all.isEmpty)
        }

        @Test func descriptorsAndThreadsAreGivenBack() throws {
            let proc = try Directory(path: "/proc/self")
            func workers() throws -> Int {
                try proc.names(in: "task").filter { thread in
                    (try? readAll(proc.open("task/" + thread + "/comm"), step: 100)).map { $0.starts(with: Array("lxcfs/fuse".utf8)) }
                        ?? false
                }.count
            }
            func devices() throws -> Int {
                try proc.names(in: "fd").filter { (try? proc.destinationOfLink("fd/" + $0)) == "/dev/fuse" }.count
            }
            let before = try (workers(), devices())
            for _ in 0..<5 {
                let toy = try MountedToy()
                #expect(try read(toy.open(.text), 4) == Array("line".utf8))
            }
            #expect(try workers() == before.0)
            #expect(try devices() == before.1)
        }
    }
}
