import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("A locked file")
struct LockedFileTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/lxcfs-locked-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    @Test func holdsItsContentUntilItIsRemoved() throws {
        defer { rmdir(folder) }
        let path = folder + "/pid"
        let file = try LockedFile(path: path, content: "42\n")
        #expect(exists(path))
        file.unlink()
        #expect(!exists(path))
    }

    @Test func whatSomebodyHasPutInItsPlaceStays() throws {
        let path = folder + "/pid"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let file = try LockedFile(path: path, content: "42\n")
        unlink(path)
        let other = try LockedFile(path: path, content: "43\n")
        file.unlink()
        #expect(exists(path))
        other.unlink()
        #expect(!exists(path))
    }

    /// Two processes would believe then that each has it alone.
    @Test func oneThatItsHolderRemovesWhileItIsOpenedIsNotTheOneThatIsLocked() throws {
        let path = folder + "/pid"
        defer { rmdir(folder) }
        var opened = 0
        let file = try LockedFile(path: path, content: "42\n") {
            opened += 1
            if opened == 1 { unlink(path) }
        }
        #expect(opened == 2 && exists(path))
        file.unlink()
        #expect(!exists(path))
    }

    /// The kernel's full device: every write fails with ENOSPC, as on a full disk; and it is nobody's to remove.
    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func aDeviceThatCannotBeWrittenIsAnErrorAndIsLeftAlone() throws {
        let path = folder + "/full"
        defer {
            unlink(path)
            rmdir(folder)
        }
        try #require(mknod(path, S_IFCHR | 0o666, 1 << 8 | 7) == 0)
        #expect(throws: Errno.self) { _ = try LockedFile(path: path, content: "42\n") }
        #expect(exists(path))
    }
}
