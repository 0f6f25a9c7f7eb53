import TestContainers
import Testing

extension EndToEnd {
    /// containerd set up as Integrations/containerd says, and pods by its CRI.
    @Suite("Containerd", .onTheHost)
    struct RuntimeContainerd {
        private let bench = RuntimeBench(program: "containerd")

        @Test(.installed("containerd", "ctr", "jq"))
        func theHandlerIsAddedToWhatIsConfigured() throws {
            try bench.run("configuration", lines: 6)
        }

        @Test(.installed("containerd", "ctr", "jq", "runc"))
        func containersOfItSeeTheirOwnValues() throws {
            try bench.run("ctr-runtime", "ctr-specification", lines: 2)
        }

        @Test(.installed("containerd", "ctr", "jq", "runc"), .pythonModule("grpc", package: "grpcio"))
        func podsSeeTheirOwnValuesByEitherHandler() throws {
            try bench.run("pod-base-spec", "pod-runtime", "pod-shared-pids", lines: 4)
        }
    }
}
