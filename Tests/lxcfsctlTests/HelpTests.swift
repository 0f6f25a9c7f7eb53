import ArgumentParser
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl --help")
struct HelpTests {
    @Test func namesTheProgram() {
        #expect(LXCFSCtl.helpMessage().contains("lxcfsctl"))
    }
}
