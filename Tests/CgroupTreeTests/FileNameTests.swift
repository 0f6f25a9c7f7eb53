@testable import CgroupTree
import FUSE
import SystemPackage
import Testing

@Suite("Names that the kernel sends")
struct FileNameTests {
    @Test(arguments: ["a", "...", ".a", "..a", "a b", "new\nline", "\\", "tasks", String(repeating: "x", count: 255)])
    func anyNameOfOneComponentIsOne(name: String) throws {
        try FileName(bytes: Array(name.utf8)).check()
    }

    /// It sends none of these. Whoever could send them would be led out of the directory.
    @Test(arguments: ["", ".", "..", "/", "/a", "a/", "a/b", "../a", "a/..", "a\0", "\0", "..\0"])
    func whatLeadsElsewhereIsNone(name: String) {
        #expect(throws: Errno.invalidArgument) { try FileName(bytes: Array(name.utf8)).check() }
    }
}
