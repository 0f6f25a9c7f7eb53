import TestContainers
import Testing

extension EndToEnd {
    /// The DaemonSet's image with a dockerd in the place of a kubelet, and the manifests.
    @Suite("Kubernetes", .onTheHost)
    struct RuntimeKubernetes {
        private let bench = RuntimeBench(program: "kubernetes")

        @Test(.installed("dockerd", "docker"))
        func aPodServesTheNodeThroughUpdatesCrashesAndRestarts() throws {
            try bench.run("daemonset", "update", "crash", "restart", "stop", "undo", "refusals", lines: 21)
        }

        @Test(.pythonModule("kubernetes_validate", package: "kubernetes-validate"))
        func theManifestsFitTheSchemas() throws {
            try bench.run("manifests", lines: 1)
        }
    }
}
