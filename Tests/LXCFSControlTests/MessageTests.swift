import Testing

@testable import LXCFSControl

@Suite("Varlink messages")
struct MessageTests {
    @Test func aCallIsUnderstoodAsItWasSent() throws {
        let message = Message.call(Attach.self, Attach.Parameters(pid: 7, files: ["proc/stat"])).dropLast()
        #expect(try Message.head(of: message).method == "io.lxcfs.Control.Attach")
        #expect(try Message.parameters(of: message, Attach.self) == Attach.Parameters(pid: 7, files: ["proc/stat"]))
    }

    @Test func missingParametersAreNamed() {
        let message = Array(#"{"method":"io.lxcfs.Control.Attach","parameters":{"pid":"x"}}"#.utf8)
        #expect(throws: ControlFault.invalidParameter("pid")) { try Message.parameters(of: message, Attach.self) }
        let empty = Array(#"{"method":"io.lxcfs.Control.Attach"}"#.utf8)
        #expect(throws: ControlFault.invalidParameter("pid")) { try Message.parameters(of: empty, Attach.self) }
    }
}
