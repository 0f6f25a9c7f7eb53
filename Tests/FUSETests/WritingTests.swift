import FUSE
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing
import ToyFileSystem

extension MountedToy {
    /// A path in the part that can be changed.
    func shop(_ name: String) -> String { directory.path + "/workshop/" + name }
    var workshop: ToyWorkshop { fileSystem.workshop }
}

/// write(2), or pwrite(2) where an offset is given.
@discardableResult func write(_ file: borrowing OwnedFileDescriptor, _ bytes: [UInt8], at offset: Int? = nil) throws(Errno) -> Int {
    let count = offset.map { pwrite(file.rawValue, bytes, bytes.count, off_t($0)) } ?? Glibc.write(file.rawValue, bytes, bytes.count)
    guard count >= 0 else { throw Errno(rawValue: errno) }
    return count
}

extension MountTests {
    @Suite("What a writable part is asked") struct WritingTests {
        private func status(_ path: String) throws -> stat {
            var status = stat()
            guard lstat(path, &status) == 0 else { throw Errno(rawValue: errno) }
            return status
        }

        @Test func aWriteComesWholeWithItsOffset() throws {
            let toy = try MountedToy()
            let file = try OwnedFileDescriptor.open(toy.shop("value"), O_RDWR)
            #expect(try write(file, Array("one\n".utf8)) == 4)
            #expect(try write(file, Array("two".utf8)) == 3)
            #expect(try write(file, Array("three".utf8), at: 1 << 62) == 5)
            #expect(toy.workshop.writes.map(\.bytes) == ["one\n", "two", "three"].map { Array($0.utf8) })
            #expect(toy.workshop.writes.map(\.offset) == [0, 4, 1 << 62])
            #expect(Set(toy.workshop.writes.map(\.node.rawValue)) == [ToyWorkshop.root.rawValue | 1])
            #expect(Set(toy.workshop.writes.map(\.handle)).count == 1)
            #expect(try read(file, 100, at: 0) == Array("three".utf8))
            #expect(try status(toy.shop("value")).st_size == 0, "the length is what the file system says")
            #expect(try status(toy.shop("value")).st_ino == 1 << 8 | 1)
        }

        @Test func appendingAndTruncatingAreLeftToTheFileSystem() throws {
            let toy = try MountedToy()
            for text in ["first", "second"] {
                let file = try OwnedFileDescriptor.open(toy.shop("value"), O_WRONLY | O_APPEND)
                #expect(try write(file, Array(text.utf8)) == text.utf8.count)
                #expect(try write(file, [10]) == 1)
            }
            #expect(toy.workshop.writes.map(\.bytes) == ["first", "\n", "second", "\n"].map { Array($0.utf8) })
            toy.workshop.forget()
            for flags in [O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC, O_RDWR | O_CREAT] {
                _ = try OwnedFileDescriptor.open(toy.shop("value"), flags)
            }
            let flags = toy.workshop.requests.compactMap {
                if case .open(let flags) = $0 { flags & (O_ACCMODE | O_TRUNC | O_CREAT) } else { nil }
            }
            #expect(flags == [O_WRONLY | O_TRUNC, O_TRUNC, O_RDWR])
            #expect(toy.workshop.requests.count == 3, "O_TRUNC comes with OPEN and not as SETATTR too: \(toy.workshop.requests)")
        }

        @Test func theLongestWriteHas8000Bytes() throws {
            let toy = try MountedToy()
            let sink = try OwnedFileDescriptor.open(toy.shop("sink"), O_WRONLY)
            let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            #expect(try write(sink, bytes) == 20_000)
            #expect(toy.workshop.writes.map(\.bytes.count) == [8000, 8000, 4000])
            #expect(toy.workshop.writes.flatMap(\.bytes) == bytes)
            #expect(toy.workshop.writes.map(\.offset) == [0, 8000, 16_000])
            toy.workshop.forget()
            let value = try OwnedFileDescriptor.open(toy.shop("value"), O_WRONLY)
            #expect(try write(value, Array(bytes.prefix(4096))) == 4096)
            for count in [4097, 5000, 8000, 8001, 20_000] {
                #expect(throws: Errno(rawValue: E2BIG), "\(count)") { try write(value, Array(bytes.prefix(count))) }
            }
            #expect(toy.workshop.writes.map(\.bytes.count) == [4096, 4097, 5000, 8000, 8000, 8000])
        }

        /// What was agreed with the kernel once stays: the connection outlives the program that made it.
        @Test func aConnectionOfAnOlderVersionBrings4096Bytes() throws {
            let directory = try TemporaryDirectory()
            let device = try OwnedFileDescriptor.open("/dev/fuse", O_RDWR)
            let options = "fd=\(device.rawValue),rootmode=40555,user_id=0,group_id=0,allow_other"
            #expect(mount("lxcfs", directory.path, "fuse.lxcfs", 0, options) == 0)
            let request = try #require(InitRequest(try read(device, 8192)))
            let flags: UInt32 = 1 << 3 | 1 << 5 | 1 << 18
            var answer: [UInt32] = [80, 0, 0, 0, 7, 31, 0, flags, 9 << 16 | 12, 4096, 1] + [UInt32](repeating: 0, count: 9)
            answer[2] = UInt32(request.bytes[8])
            #expect(Glibc.write(device.rawValue, answer, 80) == 80)
            let connection = Connection(adopting: device, initRequest: request, mount: nil)
            let toy = ToyFileSystem()
            let session = try Session(connection, fileSystem: toy, slots: RequestSlots(count: 2)) { _ in }
            try session.start()
            let sink = try OwnedFileDescriptor.open(directory.path + "/workshop/sink", O_WRONLY)
            let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            #expect(try write(sink, bytes) == 5000)
            #expect(toy.workshop.writes.map(\.bytes.count) == [4096, 904])
            #expect(toy.workshop.writes.flatMap(\.bytes) == bytes)
            session.stop()
        }

        @Test func twoWritersDoNotMix() throws {
            let toy = try MountedToy()
            let path = toy.shop("sink")
            let threads = try (UInt8(0)..<4).map { letter in
                try JoinableThread(name: "writer", stackSize: 262_144) {
                    guard let file = try? OwnedFileDescriptor.open(path, O_WRONLY) else { return }
                    for count in 1...200 { _ = try? write(file, [UInt8](repeating: 97 + letter, count: count * 40)) }
                }
            }
            for thread in threads { thread.join() }
            #expect(toy.workshop.writes.count == 800)
            #expect(toy.workshop.writes.allSatisfy { Set($0.bytes).count == 1 })
            for letter in UInt8(97)..<101 {
                #expect(toy.workshop.writes.filter { $0.bytes.first == letter }.map(\.bytes.count) == (1...200).map { $0 * 40 })
            }
        }

        @Test func directoriesAreMadeRenamedAndRemoved() throws {
            let toy = try MountedToy()
            let before = umask(0o027)
            #expect(failure { mkdir(toy.shop("a"), 0o777) } == nil)
            umask(0)
            #expect(failure { mkdir(toy.shop("a/b"), 0o1700) } == nil)
            umask(before)
            #expect(try status(toy.shop("a")).st_mode == S_IFDIR | 0o750)
            #expect(try status(toy.shop("a/b")).st_mode == S_IFDIR | 0o1700)
            #expect(failure { mkdir(toy.shop("a"), 0o777) } == .fileExists)
            #expect(failure { rename(toy.shop("a/b"), toy.shop("c")) } == nil)
            #expect(failure { rmdir(toy.shop("a")) } == nil)
            #expect(failure { rmdir(toy.shop("a")) } == .noSuchFileOrDirectory)
            #expect(try status(toy.shop("c/value")).st_mode == S_IFREG | 0o644)
            let names = try Directory(path: toy.directory.path).names(in: "workshop")
            #expect(Set(names) == ["value", "sink", "slow", "sealed", "c"])
            let first = try #require(toy.workshop.requests.first)
            #expect(first == .makeDirectory("a", mode: 0o750, note: 0), "the kernel has applied the umask")
            guard case .rename(let change, note: 0) = try #require(toy.workshop.requests.dropFirst(2).first) else {
                Issue.record("\(toy.workshop.requests)")
                return
            }
            #expect([change.name, change.newName] == ["b", "c"])
            #expect(change.directory.rawValue > ToyWorkshop.root.rawValue)
            #expect(change.newDirectory == ToyWorkshop.root)
            #expect(change.flags == 0)
        }

        @Test func namesAreBytes() throws {
            let toy = try MountedToy()
            let root = try OwnedFileDescriptor.open(toy.shop("."), O_RDONLY | O_DIRECTORY)
            let names: [[UInt8]] = [
                [0xff, 0xfe, 0x80], Array("a\nb\\040".utf8), [UInt8](repeating: 110, count: 255), [UInt8](repeating: 120, count: 256),
                [UInt8](repeating: 121, count: 1000),
            ]
            for name in names {
                let text = name.map { CChar(bitPattern: $0) } + [0]
                #expect(failure { mkdirat(root.rawValue, text, 0o755) } == nil)
                #expect(failure { faccessat(root.rawValue, text, F_OK, 0) } == nil)
            }
            let made = toy.workshop.requests.compactMap {
                if case .makeDirectory(let name, mode: _, note: _) = $0 { name.bytes } else { nil }
            }
            #expect(made == names)
        }

        @Test func whatLeavesTheWritablePartIsNotRenamed() throws {
            let toy = try MountedToy()
            #expect(failure { mkdir(toy.shop("a"), 0o755) } == nil)
            #expect(failure { rename(toy.shop("a"), toy.directory.path + "/a") } == .readOnlyFileSystem)
            #expect(failure { rename(toy.directory.path + "/crowd", toy.shop("crowd")) } == .readOnlyFileSystem)
            #expect(failure { rename(toy.directory.path + "/workshop", toy.directory.path + "/b") } == .readOnlyFileSystem)
            #expect(failure { rmdir(toy.directory.path + "/workshop") } == .readOnlyFileSystem)
            #expect(failure { mkdir(toy.directory.path + "/new", 0o755) } == .readOnlyFileSystem)
            #expect(toy.workshop.requests.count == 1)
        }

        /// The changes that a call brings.
        private func changes(_ toy: borrowing MountedToy, _ call: (String) -> CInt) throws -> (AttributeChanges, hasHandle: Bool) {
            toy.workshop.forget()
            #expect(failure { call(toy.shop("value")) } == nil)
            let found = toy.workshop.requests.compactMap { request -> (AttributeChanges, Bool)? in
                if case .setAttributes(let changes, let hasHandle) = request { (changes, hasHandle) } else { nil }
            }
            #expect(found.count == 1)
            return try #require(found.first)
        }

        private func expected(_ set: (inout AttributeChanges) -> Void) -> AttributeChanges {
            var changes = AttributeChanges()
            set(&changes)
            return changes
        }

        @Test func everyAttributeComesAloneOrNotAtAll() throws {
            let toy = try MountedToy()
            #expect(try changes(toy) { chmod($0, 0o640) }.0 == expected { $0.mode = 0o640 })
            #expect(try changes(toy) { chown($0, 7, gid_t.max) }.0 == expected { $0.owner = 7 })
            #expect(try changes(toy) { chown($0, uid_t.max, 8) }.0 == expected { $0.group = 8 })
            #expect(try changes(toy) { chown($0, uid_t.max, gid_t.max) }.0 == AttributeChanges())
            let seen = try status(toy.shop("value"))
            #expect([seen.st_mode & 0o7777, seen.st_uid, seen.st_gid] == [0o640, 7, 8])
            let truncated = try changes(toy) { truncate($0, 12) }
            #expect(truncated.0 == expected { $0.size = 12 })
            #expect(!truncated.hasHandle)
            #expect(try status(toy.shop("value")).st_size == 0)
            let file = try OwnedFileDescriptor.open(toy.shop("value"), O_WRONLY)
            let shortened = try changes(toy) { _ in ftruncate(file.rawValue, 5000) }
            #expect(shortened.0 == expected { $0.size = 5000 })
            #expect(shortened.hasHandle)
        }

        @Test func timesAreSetOneByOne() throws {
            let toy = try MountedToy()
            let now = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1)
            let omit = timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)
            let then = timespec(tv_sec: 1_000_000, tv_nsec: 999_999_999)
            let time = NewTime.time(FileTime(seconds: 1_000_000, nanoseconds: 999_999_999))
            #expect(try changes(toy) { utimensat(AT_FDCWD, $0, [then, omit], 0) }.0 == expected { $0.accessTime = time })
            #expect(try changes(toy) { utimensat(AT_FDCWD, $0, [omit, then], 0) }.0 == expected { $0.modificationTime = time })
            #expect(try status(toy.shop("value")).st_mtim.tv_nsec == 999_999_999)
            let both = expected {
                $0.accessTime = .now
                $0.modificationTime = .now
            }
            #expect(try changes(toy) { utimensat(AT_FDCWD, $0, nil, 0) }.0 == both)
            #expect(try changes(toy) { utimensat(AT_FDCWD, $0, [now, now], 0) }.0 == both)
            #expect(try changes(toy) { utimensat(AT_FDCWD, $0, [omit, now], 0) }.0 == expected { $0.modificationTime = .now })
        }

        @Test func aChangeOfTheOwnerTakesSetUIDAway() throws {
            let toy = try MountedToy()
            #expect(try changes(toy) { chmod($0, 0o4755) }.0 == expected { $0.mode = 0o4755 })
            let change = try changes(toy) { chown($0, 7, gid_t.max) }.0
            #expect(change.owner == 7)
            #expect(change.mode == 0o755)
            #expect(try changes(toy) { chmod($0, 0o4755) }.0.mode == 0o4755)
            let file = try OwnedFileDescriptor.open(toy.shop("value"), O_WRONLY)
            try write(file, [49])
            #expect(try status(toy.shop("value")).st_mode == S_IFREG | 0o4755, "a write does not, as on cgroupfs")
        }

        @Test func accessForWritingIsAsked() throws {
            let toy = try MountedToy()
            #expect(failure { Glibc.access(toy.shop("value"), W_OK) } == nil)
            #expect(failure { Glibc.access(toy.shop("sealed"), W_OK) } == .permissionDenied)
            #expect(toy.workshop.requests == [.access(.write), .access(.write)])
        }

        @Test func nothingIsRemembered() throws {
            let toy = try MountedToy()
            let before = toy.workshop.questions
            for _ in 0..<5 { _ = try status(toy.shop("value")) }
            #expect(toy.workshop.questions >= before + 10, "a LOOKUP of the file each, and a LOOKUP or GETATTR of its directory")
        }
    }
}
