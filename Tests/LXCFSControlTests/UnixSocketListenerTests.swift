import Glibc
import LinuxSystem
import SystemPackage
import TestContainers
import Testing

@Suite("Unix socket listener")
struct UnixSocketListenerTests {
    @Test func aSocketThatWasLeftIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/socket"
        let first = try UnixSocketListener(path: path, mode: 0o640, group: getgid())
        let second = try UnixSocketListener(path: path, mode: 0o660, group: getgid())
        #expect(!first.isBound(at: path) && second.isBound(at: path))
        #expect(try FileStatus(following: path).mode & 0o777 == 0o660)
    }

    @Test func aFileOfSomebodyElseIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/text"
        close(open(path, O_CREAT | O_WRONLY, 0o644))
        #expect(throws: Errno.fileExists) { _ = try UnixSocketListener(path: path, mode: 0o660, group: getgid()) }
        #expect(try FileStatus(following: path).isRegularFile)
    }
}
