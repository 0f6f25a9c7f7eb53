import TestContainers
import Testing

extension EndToEnd {
    /// From the start to the removal of containers in real runtimes.
    @Suite("The life of containers in real runtimes")
    struct RuntimeLife {
        private let bench = RuntimeBench(program: "life", seconds: 400)

        /// On an emulated machine everything takes ten times as long: one container of each engine, in one go.
        @Test(.enabled(if: Machine.isVirtual, "on the host each engine has a test of its own"))
        func inAVirtualMachine() throws {
            try bench.run("bundles", "containerd", "docker", "docker-tree", "podman")
        }

        @Test(.disabled(if: Machine.isVirtual, "part of the test for virtual machines"), .installed("dockerd", "docker"))
        func docker() throws {
            try bench.run("docker", "docker-variants", "docker-shared-pids", "docker-tree", "docker-users")
        }

        @Test(.disabled(if: Machine.isVirtual, "part of the test for virtual machines"), .installed("podman", "crun"))
        func podman() throws {
            try bench.run("podman", "podman-variants")
        }

        @Test(.disabled(if: Machine.isVirtual, "part of the test for virtual machines"), .installed("runc", "crun", "ctr", "jq"))
        func bundlesAndContainerd() throws {
            try bench.run("bundles", "containerd")
        }
    }
}
