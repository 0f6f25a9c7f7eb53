@testable import CgroupTree
import SystemPackage
import Testing

/// What kstrtoint(strstrip(text), 0) makes of a text.
@Suite("Pids that are written")
struct MemberTextTests {
    private func pid(_ text: String) throws(Errno) -> Int32 { try MemberText.pid(in: Array(text.utf8)) }

    @Test(
        arguments: [
            ("1", 1), ("42\n", 42), (" 42", 42), ("\t42 \n\n", 42), ("+42", 42), ("0", 0), ("-0", 0), ("00", 0), ("0x2a", 42), ("0X2A", 42),
            ("052", 42),
            ("2147483647", Int32.max), ("42\0 and more", 42), ("\u{b}\u{c}7\r\n", 7), ("0x7fffffff", Int32.max),
        ] as [(String, Int32)])
    func aNumberIsReadAsTheKernelReadsIt(text: String, expected: Int32) throws {
        #expect(try pid(text) == expected)
    }

    @Test(
        arguments: [
            "", " ", "\n", "a", "-1", "--1", "+-1", "-+1", "- 1", "1 2", "1\n2", "1,2", "0x", "0xg", "08", "0b1", "1.0", "2147483648",
            "-2147483648",
            "99999999999999999999999999", "0x80000000", "４２", "1a", "\0", "1 \u{a0}x",
        ])
    func everythingElseIsNoPid(text: String) {
        #expect(throws: Errno.invalidArgument) { try self.pid(text) }
    }

    @Test func theNoBreakSpaceOfLatin1IsABlankToTheKernel() throws {
        #expect(try MemberText.pid(in: [0xa0, 0x37, 0xa0]) == 7)
        #expect(throws: Errno.invalidArgument) { try MemberText.pid(in: [0xc3, 0xa0, 0x37]) }
    }

    @Test func thePidsOfTwoFilesOnly() {
        #expect(MemberText.isMemberList("tasks".utf8) && MemberText.isMemberList("cgroup.procs".utf8))
        #expect(!MemberText.isMemberList("tasks2".utf8) && !MemberText.isMemberList("cgroup.threads".utf8) && !MemberText.isMemberList([]))
    }
}
