import TestContainers
import Testing

extension EndToEnd {
    /// Podman set up as Integrations/podman says.
    @Suite("Podman", .onTheHost)
    struct RuntimePodman {
        private let bench = RuntimeBench(program: "podman")

        @Test(.installed("podman", "crun", "runc"))
        func everyContainerGetsTheViewsByTheConfiguration() throws {
            try bench.run("configured-volumes", "configured-runtime", lines: 4)
        }

        @Test(.installed("podman", "crun"))
        func aUserWhoIsNotRootGetsThem() throws {
            try bench.run("user", lines: 2)
        }
    }
}
