import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("Commands that are run to their end")
struct FinishedCommandTests {
    private static let patience: UInt64 = 60_000_000_000

    private func shell(_ script: String, timeout: UInt64 = patience) throws -> FinishedCommand {
        try FinishedCommand.run("/bin/sh", ["-c", script], environment: ["NAME=value"], timeout: timeout)
    }

    @Test func tellWhatTheyWroteAndHowTheyEnded() throws {
        #expect(try shell("echo out; echo err >&2; echo $NAME; exit 3") == FinishedCommand(end: .exited(3), output: "out\nerr\nvalue\n"))
        #expect(try shell("kill -TERM $$").end == .signalled(SIGTERM))
        #expect(try shell("cat").succeeded)
    }

    @Test func moreThanAPipeHoldsIsRead() throws {
        #expect(try shell("head -c 300000 /dev/zero | tr '\\0' x").output.utf8.count == 300_000)
    }

    @Test func areNotWaitedForWhenTheTimeIsOver() throws {
        let result = try shell("echo first; sleep 1000", timeout: 300_000_000)
        #expect(result.end == nil)
        #expect(result.output == "first\n")
    }

    @Test func doNotWaitForWhatTheyLeaveBehindWithTheirOutput() throws {
        #expect(try shell("sleep 5 & echo done") == FinishedCommand(end: .exited(0), output: "done\n"))
    }

    @Test func areStoppedWhenTheyWriteWithoutEnd() throws {
        let result = try shell("yes")
        #expect(result.end == nil)
        #expect(result.output.utf8.count >= 1 << 20)
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: Errno.noSuchFileOrDirectory) { try FinishedCommand.run("/no/such", [], environment: [], timeout: 1_000_000_000) }
    }
}
