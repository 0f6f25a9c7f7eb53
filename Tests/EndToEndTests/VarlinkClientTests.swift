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
            // It has read a file, so that it is known; all others are still to be attached.
            let container = try TestContainer(
                Limits(memory: Bench.memory), mountPoint: daemon.mountPoint,
                script: "mount -o bind \"$1/proc/uptime\" /proc/uptime && cat /proc/uptime >/dev/null || exit 1")
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
