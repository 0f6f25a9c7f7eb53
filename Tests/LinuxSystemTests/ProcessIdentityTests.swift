import Glibc
import LinuxSystem
import Testing

@Suite("The program of a process")
struct ProcessIdentityTests {
    /// The executed file itself.
    private var image: String { ProcessIdentity.program(calledAs: "no such file") }

    @Test func isTheExecutedFileWhereItWasCalledSomethingElse() throws {
        let link = try #require(realpath("/proc/self/exe", nil))
        defer { free(link) }
        #expect(image == String(cString: link))
        #expect(ProcessIdentity.program(calledAs: "/dev/null") == image)
        #expect(ProcessIdentity.program(calledAs: "") == image)
    }

    @Test func isTheSymbolicLinkByWhichItWasCalled() throws {
        let link = "/tmp/lxcfs-test-link-\(getpid())"
        try #require(symlink(image, link) == 0)
        defer { unlink(link) }
        #expect(ProcessIdentity.program(calledAs: link) == link)
    }
}
