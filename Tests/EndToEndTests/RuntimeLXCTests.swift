import TestContainers
import Testing

extension EndToEnd {
    /// The hooks of Integrations/lxc in LXC itself: Tests/runtimes/lxc, of which each line is a result here.
    @Suite(
        "The hooks for LXC",
        .disabled(if: Machine.isVirtual, "the same containers are started on the host"),
        .enabled(if: Machine.program("lxc-start") != nil, "not installed: apt-get install lxc"))
    struct RuntimeLXC {
        private func run(_ tests: String..., expecting results: Int) throws {
            let result = try Command.run(["Tests/runtimes/lxc", "--build", LXCFSProcess.buildFolder] + tests, seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= results, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test func aContainerSeesItsOwnValuesAllItsLife() throws {
            try run("life", expecting: 13)
        }

        @Test func withoutADaemonContainersStartUnlessTheyRequireIt() throws {
            try run("stopped", expecting: 3)
        }

        @Test func unprivilegedContainersGoByTheMount() throws {
            try run("unprivileged", expecting: 2)
        }

        @Test func containersInContainersFindTheMount() throws {
            try run("nested", expecting: 2)
        }

        @Test func theHookRunsInEveryShellAndKeepsToTheContainer() throws {
            try run("shells", "twice", "install", expecting: 8)
        }
    }
}
