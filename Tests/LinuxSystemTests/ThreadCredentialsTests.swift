import Glibc
import LinuxSystem
import ProcText
import SystemPackage
import Testing

@Suite("Credentials of a thread")
struct ThreadCredentialsTests {
    private static let text = """
        Name:\tx\\nUid:\t9 9 9 9
        Uid:\t1\t2\t3\t4
        Gid:\t5\t6\t7\t8
        Groups:\t10 20 4294967294\u{20}
        CapPrm:\t000001ffffffffff
        CapEff:\t00000000a80425fb

        """

    @Test func areWhatTheLinesSay() {
        let expected = ThreadCredentials(
            effectiveUser: 2, effectiveGroup: 6, fileSystemUser: 4, fileSystemGroup: 8, groups: [10, 20, 4_294_967_294],
            effective: 0xa804_25fb, permitted: 0x1ff_ffff_ffff)
        #expect(ThreadCredentials(InputText(Self.text), isInOwnNamespace: true) == expected)
        var elsewhere = expected
        elsewhere.effective = 0
        #expect(ThreadCredentials(InputText(Self.text), isInOwnNamespace: false) == elsewhere)
    }

    @Test func noGroupsAreNone() {
        let text = Self.text.replacing("10 20 4294967294 ", with: " ")
        #expect(ThreadCredentials(InputText(text), isInOwnNamespace: true)?.groups == [])
    }

    @Test(arguments: ["Uid:", "Gid:", "Groups:", "CapPrm:", "CapEff:"])
    func aMissingLineIsAnError(label: String) {
        let lines = Self.text.split(separator: "\n").filter { !$0.hasPrefix(label) }
        #expect(ThreadCredentials(InputText(lines.joined(separator: "\n")), isInOwnNamespace: true) == nil)
    }

    @Test(arguments: [
        ("1\t2\t3\t4", "1\t2\t3"), ("1\t2\t3\t4", "1\t2\t3\t4\t5"), ("5\t6\t7\t8", "5\t6\t7\t4294967296"), ("10 20", "10 -20"),
        ("10 20", "10 99999999999999999999"), ("a80425fb", "a80425fx"), ("000001ffffffffff", ""),
    ])
    func whatIsNotAsExpectedIsAnError(from: String, to: String) {
        #expect(ThreadCredentials(InputText(Self.text.replacing(from, with: to)), isInOwnNamespace: true) == nil)
    }

    @Test func ofThisThreadAreItsOwn() throws {
        let proc = try Directory(path: "/proc")
        let own = try ThreadCredentials(ofThread: getpid(), proc: proc)
        #expect(own.effectiveUser == geteuid() && own.fileSystemUser == geteuid())
        #expect(own.effectiveGroup == getegid() && own.fileSystemGroup == getegid())
        var groups = [gid_t](repeating: 0, count: 65536)
        let count = getgroups(CInt(groups.count), &groups)
        #expect(own.groups.sorted() == groups.prefix(Int(count)).sorted())
        #expect(throws: Errno.noSuchFileOrDirectory) { try ThreadCredentials(ofThread: .max, proc: proc) }
    }

    /// As the kernel shows root of a user namespace: with all capabilities, which are none outside.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func inAnotherUserNamespaceThereIsNoEffectiveCapability() throws {
        let proc = try Directory(path: "/proc")
        let process = try SpawnedProcess(["unshare", "--user", "--map-root-user", "sleep", "60"])
        try process.wait { (try? proc.status("\($0)/ns/user").inode) != (try? proc.status("self/ns/user").inode) }
        try process.wait { (try? ThreadCredentials(ofThread: $0, proc: proc))?.permitted != 0 }
        let there = try ThreadCredentials(ofThread: process.pid, proc: proc)
        #expect(there.effective == 0)
        #expect(there.permitted != 0)
        #expect(there.effectiveUser == geteuid())
    }
}

/// A child that is killed with its owner.
final class SpawnedProcess {
    let pid: pid_t

    init(_ arguments: [String]) throws {
        var child = pid_t()
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        try #require(posix_spawnp(&child, arguments[0], nil, nil, &pointers, environ) == 0)
        pid = child
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits until something is so of the process; at most 10 s.
    func wait(_ isSo: (pid_t) -> Bool) throws {
        for _ in 0..<1000 where !isSo(pid) { usleep(10_000) }
        try #require(isSo(pid))
    }

    /// Its exit code.
    static func run(_ arguments: [String]) throws -> CInt {
        var child = pid_t()
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        try #require(posix_spawnp(&child, arguments[0], nil, nil, &pointers, environ) == 0)
        var status: CInt = 0
        try #require(waitpid(child, &status, 0) == child)
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }
}
