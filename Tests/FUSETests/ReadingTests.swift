import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    @Suite("Reading") struct ReadingTests {
        let text = Array(ToyFileSystem.text.utf8)

        @Test(arguments: [1, 7, 4096, 200_000]) func givesTheTextInStepsOfAnySize(step: Int) throws {
            let toy = try MountedToy()
            #expect(try readAll(toy.open(.text), step: step) == text)
            #expect(toy.events.all.isEmpty)
        }

        @Test(arguments: [5000, 300_000, 2_000_000]) func givesMoreThanOneRequestCanCarry(step: Int) throws {
            let toy = try MountedToy()
            #expect(try readAll(toy.open(.large), step: step) == ToyFileSystem.large)
        }

        @Test func readersThatTakeTurnsKeepTheirOwnText() throws {
            let toy = try MountedToy()
            let one = try toy.open(.ticket)
            let other = try toy.open(.ticket)
            var texts: [[UInt8]] = [[], []]
            while true {
                let first = try read(one, 13)
                let second = try read(other, 13)
                texts[0] += first
                texts[1] += second
                if first.isEmpty && second.isEmpty { break }
            }
            #expect(String(decoding: texts[0], as: UTF8.self) == String(repeating: "generation 1 ticket 1\n", count: 50))
            #expect(String(decoding: texts[1], as: UTF8.self) == String(repeating: "generation 1 ticket 2\n", count: 50))
        }

        @Test func positionsAreHonoured() throws {
            let toy = try MountedToy()
            let file = try toy.open(.text)
            #expect(try read(file, 20, at: 100) == Array(text[100..<120]))
            #expect(try read(file, 10) == Array(text[0..<10]))
            #expect(lseek(file.rawValue, 50, SEEK_SET) == 50)
            #expect(try read(file, 10) == Array(text[50..<60]))
            #expect(lseek(file.rawValue, -10, SEEK_CUR) == 50)
            #expect(lseek(file.rawValue, 0, SEEK_END) == text.count)
            #expect(try read(file, 10).isEmpty)
            #expect(try read(file, 10, at: 1 << 40).isEmpty)
            #expect(try read(file, 100, at: text.count - 1) == [UInt8(ascii: "\n")])
        }

        @Test func anEmptyFileIsAtItsEndAtOnce() throws {
            let toy = try MountedToy()
            #expect(try read(toy.open(.empty), 100).isEmpty)
        }

        @Test func theStatusIsTheOneThatTheFileSystemGave() throws {
            let toy = try MountedToy()
            var status = stat()
            #expect(stat(toy.path(.last), &status) == 0)
            #expect(status.st_ino == UInt.max)
            #expect(status.st_mode == S_IFREG | 0o444)
            #expect(status.st_size == text.count)
            #expect(status.st_uid == 0)
            #expect(status.st_gid == 0)
            #expect(status.st_nlink == 1)
            #expect(abs(status.st_mtim.tv_sec - time(nil)) < 60)
            #expect(status.st_blocks * 512 >= status.st_size, "fewer blocks than bytes: cp(1) would look for holes")
        }

        @Test func whatGoesThroughThePageCacheIsRefused() throws {
            let toy = try MountedToy()
            let file = try toy.open(.text)
            let pipe = try Pipe()
            if spliceUsesThePageCache {
                #expect(failure { CInt(clamping: sendfile(pipe.input.rawValue, file.rawValue, nil, 100)) } == .invalidArgument)
                #expect(toy.fileSystem.calls("readFromPageCache") > 0)
            } else {
                #expect(sendfile(pipe.input.rawValue, file.rawValue, nil, 100) == 100)
                #expect(toy.fileSystem.calls("readFromPageCache") == 0)
            }
            #expect(mmap(nil, 4096, PROT_READ, MAP_SHARED, file.rawValue, 0) == MAP_FAILED)
            let pages = mmap(nil, 4096, PROT_READ, MAP_PRIVATE, file.rawValue, 0)
            if pages != MAP_FAILED {
                // Touched by the kernel and not by us: EFAULT instead of SIGBUS.
                #expect(failure { CInt(clamping: write(pipe.input.rawValue, pages, 100)) } == .badAddress)
                munmap(pages, 4096)
            }
            #expect(try read(file, 100, at: 0) == Array(text[0..<100]))
        }

        @Test(
            .enabled(if: program("busybox") != nil, "busybox is not installed"),
            .enabled(if: spliceUsesThePageCache, "before Linux 6.5 sendfile(2) reads as read(2) does"))
        func busyBoxPrintsTheTextThatItCannotSend() throws {
            let toy = try MountedToy()
            let busybox = try #require(program("busybox"))
            let printed = try Child([busybox, "cat", toy.path(.text)]).finish()
            #expect(printed.status == 0)
            #expect(printed.output == ToyFileSystem.text)
            #expect(toy.fileSystem.calls("readFromPageCache") > 0, "this busybox does not use sendfile: the test shows nothing")
        }

        @Test func anAnswerThatWasForgottenIsAnError() throws {
            let toy = try MountedToy()
            #expect(throws: Errno.ioError) { try read(toy.open(.droppedRead), 10) }
            #expect(throws: Errno.ioError) { _ = try toy.open(.droppedOpen) }
            #expect(throws: Errno.ioError) { try read(toy.open(.nonsense), 10) }
            #expect(throws: Errno.permissionDenied) { _ = try toy.open(.forbidden) }
            #expect(toy.events.all.isEmpty)
        }

        @Test func everyHandleIsReleased() throws {
            let toy = try MountedToy()
            for _ in 0..<100 { _ = try read(toy.open(.text), 10) }
            #expect(eventually { toy.fileSystem.openHandles == 0 })
            #expect(toy.fileSystem.calls("release") == 100)
        }

        @Test func theNextReadersDoNotWaitForASlowOne() throws {
            let toy = try MountedToy(threads: 2)
            let path = toy.path(.slowRead)
            let text = Mutex<[UInt8]>([])
            let slow = try JoinableThread(name: "slow reader", stackSize: 262144) {
                let bytes = try? readAll(OwnedFileDescriptor.open(path, O_RDONLY), step: 4096)
                text.withLock { $0 = bytes ?? [] }
            }
            #expect(eventually { toy.fileSystem.gate.arrivals == 1 })
            #expect(try readAll(toy.open(.text), step: 4096) == self.text)
            toy.fileSystem.gate.open()
            slow.join()
            #expect(text.withLock { $0 } == self.text)
        }

        @Test(.enabled(if: getenv("RUN_IN_VM") == nil, "the same on every machine, and slow on an emulated one"))
        func sixtyFourReadersAtOnceSeeNothingWrong() throws {
            let toy = try MountedToy()
            let wrong = Atomic(0)
            let reads = Atomic(0)
            let path = toy.path(.ticket)
            let readers = try (0..<64).map { _ in
                try JoinableThread(name: "reader", stackSize: 262144) {
                    for _ in 0..<50 {
                        let bytes = (try? readAll(OwnedFileDescriptor.open(path, O_RDONLY), step: 300)) ?? []
                        let line = bytes.prefix { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
                        let isRight =
                            bytes.starts(with: Array("generation 1 ticket ".utf8))
                            && bytes.elementsEqual(repeatElement(line, count: 50).joined())
                        if !isRight { wrong.add(1, ordering: .relaxed) }
                        reads.add(1, ordering: .relaxed)
                    }
                }
            }
            for reader in readers { reader.join() }
            #expect(reads.load(ordering: .relaxed) == 3200)
            #expect(wrong.load(ordering: .relaxed) == 0)
            #expect(eventually { toy.fileSystem.openHandles == 0 })
            #expect(toy.events.all.isEmpty)
        }
    }
}

/// Whether splice(2) and sendfile(2) take a file's bytes from the page cache in spite of `direct_io`: since Linux 6.5.
private let spliceUsesThePageCache: Bool = {
    var name = utsname()
    guard uname(&name) == 0 else { return true }
    let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count < 2 || (numbers[0], numbers[1]) >= (6, 5)
}()
