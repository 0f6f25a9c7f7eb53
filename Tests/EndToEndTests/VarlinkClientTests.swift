import TestContainers
import Testing

extension EndToEnd {
    /// The control socket, seen by a client that nobody here wrote: the module `varlink` of PyPI. What is looked at: Tests/varlink-client.
    @Suite(
        "A Varlink client of somebody else",
        .enabled(if: VarlinkModule.isInstalled, "the Python module varlink is not installed: ./test fetches it from PyPI"))
    struct VarlinkClient {
        @Test func callsEveryMethodAndGetsTheNamedErrors() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: 256 << 20), mountPoint: nil)
            let result = try Command.run(
                ["/usr/bin/python3", "Tests/varlink-client", daemon.controlSocket, "\(container.pid)"],
                environment: ["PYTHONPATH=" + VarlinkModule.folder], seconds: 120)
            for line in result.output.split(separator: "\n") where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(result.succeeded, "\(result)")
        }
    }
}

enum VarlinkModule {
    /// Where ./test puts it.
    static let folder = ".build/python"
    static let isInstalled = Machine.exists(folder + "/varlink/__init__.py")
}
