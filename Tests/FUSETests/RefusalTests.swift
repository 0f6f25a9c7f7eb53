import CLinux
import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    @Suite("What a read-only file system refuses") struct RefusalTests {
        @Test(arguments: [O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC, O_RDWR | O_CREAT, O_WRONLY | O_APPEND])
        func nothingIsOpenedForWriting(flags: CInt) throws {
            let toy = try MountedToy()
            #expect(failure { Glibc.open(toy.path(.text), flags, 0o644) } == .readOnlyFileSystem)
            #expect(toy.fileSystem.calls("open") == 0)
            #expect(try readAll(toy.open(.text), step: 4096) == Array(ToyFileSystem.text.utf8))
        }

        @Test func theTreeCannotBeChanged() throws {
            let toy = try MountedToy()
            let text = toy.path(.text)
            let new = toy.directory.path + "/new"
            #expect(failure { Glibc.open(new, O_WRONLY | O_CREAT, 0o644) } == .readOnlyFileSystem)
            #expect(failure { Glibc.open(new, O_RDONLY | O_CREAT | O_EXCL, 0o644) } == .readOnlyFileSystem)
            #expect(failure { mkdir(new, 0o755) } == .readOnlyFileSystem)
            #expect(failure { mknod(new, S_IFREG | 0o644, 0) } == .readOnlyFileSystem)
            #expect(failure { symlink("target", new) } == .readOnlyFileSystem)
            #expect(failure { link(text, new) } == .readOnlyFileSystem)
            #expect(failure { unlink(text) } == .readOnlyFileSystem)
            #expect(failure { rmdir(toy.directory.path + "/crowd") } == .readOnlyFileSystem)
            #expect(failure { rename(text, new) } == .readOnlyFileSystem)
            #expect(failure { Glibc.open(new, O_RDONLY) } == .noSuchFileOrDirectory)
            #expect(failure { Glibc.access(text, F_OK) } == nil)
        }

        @Test func filesCannotBeChanged() throws {
            let toy = try MountedToy()
            let text = toy.path(.text)
            let value = [UInt8](repeating: 1, count: 40_000)
            #expect(failure { chmod(text, 0o777) } == .readOnlyFileSystem)
            #expect(failure { chown(text, 1, 1) } == .readOnlyFileSystem)
            #expect(failure { truncate(text, 0) } == .readOnlyFileSystem)
            #expect(failure { utimensat(AT_FDCWD, text, nil, 0) } == .readOnlyFileSystem)
            let attributes = try ExtendedAttributes()
            #expect(failure { attributes.set(text, "user.a", value, 10, 0) } == .readOnlyFileSystem)
            #expect(failure { attributes.set(text, "user.a", value, value.count, 0) } != nil)
            #expect(failure { attributes.remove(text, "user.a") } == .readOnlyFileSystem)
            let file = try toy.open(.text)
            #expect(failure { ftruncate(file.rawValue, 0) } != nil)
            #expect(failure { CInt(clamping: write(file.rawValue, value, 10)) } == .badFileDescriptor)
        }

        @Test func accessIsWhatTheFileSystemSaysButNeverWriting() throws {
            let toy = try MountedToy()
            #expect(failure { Glibc.access(toy.path(.text), R_OK) } == nil)
            #expect(failure { Glibc.access(toy.path(.text), W_OK) } == .readOnlyFileSystem)
            #expect(failure { Glibc.access(toy.path(.text), X_OK) } == .permissionDenied)
        }

        /// Every call on an open file that is no read, here and on procfs itself.
        @Test func anOpenFileAnswersLikeOneOfProc() throws {
            let toy = try MountedToy()
            let ours = try toy.open(.text)
            let theirs = try OwnedFileDescriptor.open("/proc/meminfo", O_RDONLY)
            let attributes = try ExtendedAttributes()
            let calls: [(String, @Sendable (CInt) -> CInt)] = [
                ("fsync", { fsync($0) }), ("fdatasync", { fdatasync($0) }),
                ("flock", { flock($0, LOCK_SH | LOCK_NB) }), ("flock", { flock($0, LOCK_UN) }),
                ("lockf", { lockf($0, F_TEST, 1) }),
                ("SEEK_DATA", { CInt(clamping: lseek($0, 0, 3)) }), ("SEEK_HOLE", { CInt(clamping: lseek($0, 0, 4)) }),
                ("ioctl", { isatty($0) - 1 }),
                ("fgetxattr", { CInt(clamping: attributes.get($0, "user.a", nil, 0)) }),
                ("posix_fadvise", { posix_fadvise($0, 0, 0, POSIX_FADV_SEQUENTIAL) }),
                (
                    "dup",
                    {
                        let copy = dup($0); return copy < 0 ? -1 : close(copy)
                    }
                ),
            ]
            for (name, call) in calls {
                #expect(failure { call(ours.rawValue) } == failure { call(theirs.rawValue) }, "\(name)")
            }
            for file in [ours.rawValue, theirs.rawValue] {
                var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
                #expect(poll(&waiting, 1, 1000) == 1)
                #expect(CInt(waiting.revents) == POLLIN)
            }
        }

        @Test func statisticsNameAFileSystemWithoutBlocks() throws {
            let toy = try MountedToy()
            var statistics = statvfs()
            #expect(statvfs(toy.path(.text), &statistics) == 0)
            #expect(statistics.f_blocks == 0)
            #expect(statistics.f_bsize == 4096)
            #expect(statistics.f_namemax == 255)
        }

        @Test func listingsMayBeLongerThanOneReply() throws {
            let toy = try MountedToy()
            let root = try Directory(path: toy.directory.path)
            #expect(Set(try root.names()) == Set(ToyFileSystem.File.allCases.map(\.name) + ["crowd", "workshop"]))
            #expect(try root.names(in: "crowd") == ToyFileSystem.crowd)
            #expect(toy.fileSystem.calls("readDirectory") > 4)
            #expect(eventually { toy.fileSystem.openHandles == 0 })
        }

        @Test func namesThatAreAbsentAreRememberedAsLongAsTheFileSystemSays() throws {
            let toy = try MountedToy()
            for _ in 0..<3 { #expect(failure { Glibc.access(toy.directory.path + "/absent", F_OK) } == .noSuchFileOrDirectory) }
            #expect(toy.fileSystem.calls("lookUp") == 3)
            for _ in 0..<3 { #expect(failure { Glibc.access(toy.directory.path + "/absent for long", F_OK) } == .noSuchFileOrDirectory) }
            #expect(toy.fileSystem.calls("lookUp") == 4)
        }

        @Test func closingAsksForNothingButTheRelease() throws {
            let toy = try MountedToy()
            for _ in 0..<10 { _ = try read(toy.open(.text), 4096) }
            #expect(eventually { toy.fileSystem.calls("release") == 10 })
            #expect(toy.fileSystem.calls("lookUp") == 1)
            #expect(toy.fileSystem.calls("attributes") == 0)
            #expect(toy.fileSystem.calls("read") == 10)
        }
    }
}

/// xattr(7), which Swift's Glibc module does not have.
struct ExtendedAttributes {
    typealias Get = @convention(c) (CInt, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    typealias Set = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, CInt) -> CInt
    typealias Remove = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> CInt
    let get: Get
    let set: Set
    let remove: Remove

    init() throws {
        get = unsafeBitCast(try #require(dlsym(nil, "fgetxattr")), to: Get.self)
        set = unsafeBitCast(try #require(dlsym(nil, "setxattr")), to: Set.self)
        remove = unsafeBitCast(try #require(dlsym(nil, "removexattr")), to: Remove.self)
    }
}
