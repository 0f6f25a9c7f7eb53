import LinuxSystem
import ProcText
import TestSupport
import Testing

@Suite("The caller's personality")
struct CallerPersonalityTests {
    private func ofThisThread() throws -> UInt32? {
        var text = InputText()
        try Directory(path: "/proc").read("thread-self/personality", into: &text)
        return CallerPersonality(text).value
    }

    @Test(arguments: [("00000008\n", 8), ("08400000\n", 0x0840_0000), ("ffffffff", 0xffff_ffff)] as [(String, UInt32)])
    func isEightHexadecimalDigits(text: String, value: UInt32) {
        #expect(CallerPersonality(InputText(text)).value == value)
    }

    @Test(arguments: ["", "\n", "8\n", "0000000g\n", "xyz"])
    func isUnknownFromAnythingElse(text: String) {
        #expect(CallerPersonality(InputText(text)).value == nil)
    }

    @Test func isTakenFromTheHostsProc() throws {
        let fixture = try FixtureHost()
        try fixture.write("proc/77/personality", "00000008\n")
        let host = try HostFilesystem(fixture: fixture.root)
        #expect(CallerPersonality(of: 77, host: host).value == 8)
        #expect(CallerPersonality(of: 78, host: host).value == nil)
        #expect(CallerPersonality(of: 0, host: host).value == nil)
    }

    @Test func isAdoptedByThisThreadAndGivenBack() throws {
        let own = try ofThisThread()
        let previous = CallerPersonality(InputText("00000008\n")).adopt()
        let adopted = try ofThisThread()
        previous.restore()
        #expect(adopted == 8)
        #expect(try ofThisThread() == own)
    }

    @Test func nothingIsRestoredWhereNothingWasChanged() throws {
        let own = try ofThisThread()
        CallerPersonality(InputText("garbage")).adopt().restore()
        #expect(try ofThisThread() == own)
    }
}
