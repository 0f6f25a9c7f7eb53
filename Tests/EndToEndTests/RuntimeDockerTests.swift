import TestContainers
import Testing

extension EndToEnd {
    /// docker as people type it.
    @Suite("docker lxcfs, and the runtime in Docker's configuration", .onTheHost, .installed("dockerd", "docker"))
    struct RuntimeDocker {
        private let bench = RuntimeBench(program: "docker-cli")

        @Test func containersGetTheFilesByTheWrapperThePluginAndTheRuntime() throws {
            try bench.run("plugin", "wrapper", "own-mounts", "without-lxcfs", "elsewhere", "runtime", "refusals")
        }
    }
}
