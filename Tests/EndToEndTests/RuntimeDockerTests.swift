import TestContainers
import Testing

extension EndToEnd {
    /// docker as people type it: Tests/runtimes/docker-cli, of which each line is a result here.
    @Suite(
        "docker lxcfs, and the runtime in Docker's configuration",
        .disabled(if: Machine.isVirtual, "the same engine runs on the host; the disk here is too slow for images"),
        .enabled(
            if: Machine.program("dockerd") != nil && Machine.program("docker") != nil, "not installed: apt-get install docker.io"))
    struct RuntimeDocker {
        private func run(_ tests: String...) throws {
            let result = try Command.run(["Tests/runtimes/docker-cli", "--build", LXCFSProcess.buildFolder] + tests, seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= tests.count, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test func containersGetTheFilesByTheWrapperThePluginAndTheRuntime() throws {
            try run("plugin", "wrapper", "own-mounts", "without-lxcfs", "elsewhere", "runtime", "refusals")
        }
    }
}
