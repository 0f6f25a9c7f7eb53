import TestContainers
import Testing

extension EndToEnd {
    /// Engines that start their containers through lxcfs-runtime.
    @Suite("lxcfs-runtime under real engines", .onTheHost)
    struct RuntimeWrapper {
        private let bench = RuntimeBench(program: "wrapper")

        @Test(.installed("dockerd", "docker"))
        func docker() throws {
            try bench.run("docker", "docker-life", "docker-build", "docker-wishes", "docker-without-lxcfs")
        }

        @Test(.installed("dockerd", "docker-compose"))
        func compose() throws {
            try bench.run("docker-compose")
        }

        @Test(.installed("podman", "runc", "crun"))
        func podman() throws {
            try bench.run("podman", "podman-runc", "podman-opt-out")
        }

        @Test(.installed("containerd", "ctr", "runc"))
        func containerd() throws {
            try bench.run("containerd")
        }

        @Test func theHookMountsWhereItShouldAndNowhereElse() throws {
            try bench.run("hook")
        }

        @Test(.installed("runc", "crun"))
        func bundles() throws {
            try bench.run("runc", "crun", "runc-users", "crun-users", "runc-shared")
        }
    }
}
