import Glibc
import LinuxSystem
import Testing

@Suite("A file that is replaced in one step")
struct ReplacedFileTests {
    @Test func whatAKilledProcessWithTheSamePIDLeftIsNotInTheWay() throws {
        var template = Array("/tmp/lxcfs-replaced-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let (path, left) = (folder + "/metrics.prom", folder + "/.metrics.prom.\(getpid())")
        close(creat(left, 0o644))
        try ReplacedFile.write(Array("lxcfs_up 1\n".utf8), to: path)
        #expect(try FileStatus(following: path).size == 11)
        // Nothing else is left.
        #expect(unlink(path) == 0 && unlink(left) == 0 && rmdir(folder) == 0)
    }
}
