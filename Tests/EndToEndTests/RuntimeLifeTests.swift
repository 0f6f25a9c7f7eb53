import TestContainers
import Testing

extension EndToEnd {
    /// From the start to the removal of containers in real runtimes.
    @Suite("The life of containers in real runtimes")
    struct RuntimeLife {
        private let bench = RuntimeBench(program: "life", seconds: 400)

        /// On an emulated machine everything takes ten times as long: one container of each runtime, in one go.
        @Test(
            .enabled(if: Machine.isVirtual, "on the host each engine has a test of its own"),
            .installed("dockerd", "docker", "runc", "crun", "jq"))
        func inAVirtualMachine() throws {
            try bench.run("bundles", "docker", "docker-tree")
        }

        @Test(.disabled(if: Machine.isVirtual, "part of the test for virtual machines"), .installed("dockerd", "docker", "jq"))
        func docker() throws {
            try bench.run("docker", "docker-variants", "docker-shared-pids", "docker-tree", "docker-wrapped", "docker-users")
        }

        @Test(.onTheHost, .installed("podman", "crun"))
        func podman() throws {
            try bench.run("podman", "podman-variants")
        }

        @Test(.disabled(if: Machine.isVirtual, "part of the test for virtual machines"), .installed("runc", "crun", "ctr", "jq"))
        func bundlesAndContainerd() throws {
            try bench.run("bundles", "containerd")
        }

        /// Nothing fails or hangs that would not without lxcfs.
        @Test(.onTheHost, .installed("dockerd", "docker", "jq"))
        func dockerWhileLXCFSIsKilledReloadedAndGone() throws {
            try RuntimeBench(program: "storm").run("many", "dead-mounts", "tools")
        }
    }
}
