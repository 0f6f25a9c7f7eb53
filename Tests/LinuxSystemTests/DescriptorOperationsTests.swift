import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("Operations on open files", .enabled(if: geteuid() == 0, "needs root"))
struct DescriptorOperationsTests {
    private static let pathOnly: CInt = 0o10000000

    /// A folder with a file, both by descriptors that are O_PATH.
    private final class Bench {
        let path: String
        let proc: Directory
        let folder: OwnedFileDescriptor

        init() throws {
            var template = Array("/tmp/lxcfs-descriptors-XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
            proc = try Directory(path: "/proc")
            close(creat(path + "/file", 0o600))
            folder = try OwnedFileDescriptor.open(path, pathOnly)
        }

        deinit {
            for name in ["file", "moved"] { unlink(path + "/" + name) }
            for name in ["a", "b/c", "b"] { rmdir(path + "/" + name) }
            rmdir(path)
        }

        func open(_ name: String, _ flags: CInt = pathOnly) throws(Errno) -> OwnedFileDescriptor {
            try folder.openBeneath(Array(name.utf8), flags)
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func directoriesAreMadeAndRemoved() throws {
        let bench = try Bench()
        try bench.folder.makeDirectory(bytes("a"), mode: 0o700)
        #expect(try bench.open("a").status().mode & 0o7777 == 0o700)
        #expect(throws: Errno.fileExists) { try bench.folder.makeDirectory(bytes("a"), mode: 0o700) }
        #expect(throws: Errno.notDirectory) { try bench.folder.removeDirectory(bytes("file")) }
        try bench.folder.removeDirectory(bytes("a"))
        #expect(throws: Errno.noSuchFileOrDirectory) { try bench.folder.removeDirectory(bytes("a")) }
    }

    /// A name never leads anywhere else.
    @Test(arguments: ["", ".", "..", "/", "../x", "a/b", "/tmp", "a\0", "\0"].map { Array($0.utf8) })
    func whatIsNoNameIsRefused(name: [UInt8]) throws {
        let bench = try Bench()
        try bench.folder.makeDirectory(bytes("a"), mode: 0o700)
        #expect(throws: Errno.invalidArgument) { try bench.folder.makeDirectory(name, mode: 0o700) }
        #expect(throws: Errno.invalidArgument) { try bench.folder.removeDirectory(name) }
        #expect(throws: Errno.invalidArgument) { try bench.folder.rename(name, to: bytes("x"), in: bench.folder) }
        #expect(throws: Errno.invalidArgument) { try bench.folder.rename(bytes("a"), to: name, in: bench.folder) }
        #expect(try bench.open("a").status().isDirectory)
    }

    @Test func threeDotsAreAName() throws {
        let bench = try Bench()
        try bench.folder.makeDirectory(bytes("..."), mode: 0o700)
        try bench.folder.removeDirectory(bytes("..."))
    }

    @Test func namesAreChanged() throws {
        let bench = try Bench()
        try bench.folder.makeDirectory(bytes("a"), mode: 0o700)
        try bench.folder.makeDirectory(bytes("b"), mode: 0o700)
        #expect(throws: Errno.fileExists) { try bench.folder.rename(bytes("a"), to: bytes("b"), in: bench.folder, flags: 1) }
        let target = try bench.open("b")
        try bench.folder.rename(bytes("a"), to: bytes("c"), in: target)
        #expect(try bench.open("b/c").status().isDirectory)
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try bench.open("a") }
    }

    @Test func modeOwnerAndTimesAreChangedByAPathDescriptor() throws {
        let bench = try Bench()
        let file = try bench.open("file")
        try file.changeMode(0o640, proc: bench.proc)
        try file.changeOwner(user: 12345, group: 12346)
        try file.changeOwner(user: 12347, group: nil)
        #expect(try file.status().owner == 12347 && file.status().group == 12346)
        try file.changeOwner(user: nil, group: 12348)
        #expect(try file.status().owner == 12347 && file.status().group == 12348)
        #expect(try file.status().mode & 0o7777 == 0o640)
        let (first, second) = (FileTime(seconds: 1_000_000_000, nanoseconds: 5), FileTime(seconds: 1_100_000_000, nanoseconds: 6))
        try file.changeTimes(access: .time(first), modification: .time(second), proc: bench.proc)
        #expect(try file.status().times.access == first && file.status().times.modification == second)
        try file.changeTimes(access: nil, modification: .time(first), proc: bench.proc)
        #expect(try file.status().times.access == first && file.status().times.modification == first)
        try file.changeTimes(access: .time(second), modification: nil, proc: bench.proc)
        #expect(try file.status().times.access == second && file.status().times.modification == first)
        try file.changeTimes(access: nil, modification: .now, proc: bench.proc)
        #expect(try file.status().times.access == second && file.status().times.modification.seconds > second.seconds)
    }

    /// By the effective id, though the real one is root's.
    @Test func accessIsCheckedByTheEffectiveID() throws {
        let bench = try Bench()
        try #require(chmod(bench.path, 0o755) == 0 && chmod(bench.path + "/file", 0o604) == 0)
        let path = bench.path + "/file"
        let check: @Sendable (CInt) throws(Errno) -> Void = { mask throws(Errno) in
            try OwnedFileDescriptor.open(path, 0o10000000).checkAccess(mask)
        }
        try check(R_OK | W_OK)
        try CredentialedThread.run(as: .unprivileged(user: 12345, group: 12345)) { () throws(Errno) in try check(R_OK) }
        #expect(throws: Errno.permissionDenied) {
            try CredentialedThread.run(as: .unprivileged(user: 12345, group: 12345)) { () throws(Errno) in try check(W_OK) }
        }
    }

    /// The path through /proc is that of the process's descriptors, and the rights are the thread's.
    @Test func aModeIsChangedWithTheRightsOfTheThread() throws {
        let bench = try Bench()
        try #require(chmod(bench.path, 0o755) == 0 && chown(bench.path + "/file", 12345, 12345) == 0)
        let path = bench.path + "/file"
        let change: @Sendable () throws(Errno) -> Void = { () throws(Errno) in
            let proc = try Directory(pristineMountAt: "/proc")
            try OwnedFileDescriptor.open(path, 0o10000000).changeMode(0o611, proc: proc)
        }
        #expect(throws: Errno.notPermitted) { try CredentialedThread.run(as: .unprivileged(user: 12346, group: 12345), change) }
        #expect(try FileStatus(following: path).mode & 0o7777 == 0o600)
        try CredentialedThread.run(as: .unprivileged(user: 12345, group: 12345), change)
        #expect(try FileStatus(following: path).mode & 0o7777 == 0o611)
    }

    @Test func partsAreReadAndWritten() throws {
        let bench = try Bench()
        let file = try bench.open("file", O_RDWR)
        #expect(try file.write(bytes("0123456789")) == 10)
        #expect(try file.read(4, at: 3) == bytes("3456"))
        #expect(try file.read(100, at: 8) == bytes("89"))
        #expect(try file.read(100, at: 10) == [])
        #expect(try file.read(0, at: 0) == [])
        #expect(try file.read(-1, at: 0) == [])
        #expect(throws: Errno.invalidArgument) { try file.read(1, at: -1) }
        #expect(throws: Errno.badFileDescriptor) { try bench.open("file").read(1, at: 0) }
        #expect(throws: Errno.badFileDescriptor) { try bench.open("file", O_RDONLY).write([1]) }
    }

    @Test(arguments: [64, 300, 65536]) func aDirectoryIsReadInParts(size: Int) throws {
        let bench = try Bench()
        var expected: Set<String> = [".", "..", "file"]
        for number in 0..<60 {
            close(creat(bench.path + "/\(number)", 0o600))
            expected.insert("\(number)")
        }
        defer { for number in 0..<60 { unlink(bench.path + "/\(number)") } }
        var found: [String] = []
        var offset: Int64 = 0
        while true {
            // Opened again each time: the offset is enough.
            let entries = try bench.open(".", O_RDONLY | O_DIRECTORY).entries(from: offset, size: size)
            guard let last = entries.last else { break }
            found += entries.map { String(decoding: $0.name, as: UTF8.self) }
            for entry in entries {
                let status = try FileStatus(following: bench.path + "/" + String(decoding: entry.name, as: UTF8.self))
                #expect(entry.isDirectory == status.isDirectory)
                // overlayfs has other numbers for these two.
                if entry.name.first != UInt8(ascii: ".") { #expect(entry.inode == status.inode) }
            }
            offset = last.nextOffset
        }
        #expect(found.count == expected.count)
        #expect(Set(found) == expected)
        #expect(throws: Errno.invalidArgument) { try bench.open(".", O_RDONLY | O_DIRECTORY).entries(from: 0, size: 8) }
        #expect(throws: Errno.badFileDescriptor) { try bench.open(".").entries(from: 0) }
        #expect(throws: Errno.notDirectory) { try bench.open("file", O_RDONLY).entries(from: 0) }
    }
}
