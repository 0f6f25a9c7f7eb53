import LinuxSystem
import ProcText
import Testing

@Suite("CapEff of /proc/PID/status")
struct ProcessCapabilitiesTests {
    @Test(arguments: [
        ("Name:\tx\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n", true), ("CapEff:\t0000000000200000\n", true),
        ("CapEff:\t000001ffffdfffff\nCapBnd:\t000001ffffffffff\n", false), ("CapEff:\t00000000a80425fb\n", false),
        ("CapBnd:\t000001ffffffffff\n", false), ("CapEff:\tnonsense\n", false), ("", false),
    ])
    func tellsWhoMayAdministrate(text: String, may: Bool) {
        #expect(ProcessCapabilities(InputText(bytes: Array(text.utf8))).mayAdministrate == may)
    }

    @Test(arguments: [("CapEff:\t0000000000080000\n", true), ("CapEff:\t000001fffff7ffff\n", false), ("", false)])
    func tellsWhoMayTrace(text: String, may: Bool) {
        #expect(ProcessCapabilities(InputText(bytes: Array(text.utf8))).mayTrace == may)
    }
}
