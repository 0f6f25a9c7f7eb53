import TestContainers
import Testing

extension EndToEnd {
    /// What `lxcfsctl mounts` prints, given to the runtimes themselves.
    @Suite("lxcfsctl mounts in real runtimes", .onTheHost)
    struct RuntimeMounts {
        private let bench = RuntimeBench(program: "mounts")

        @Test(.installed("dockerd", "docker"))
        func dockerRunTakesTheListAsItIs() throws {
            try bench.run("docker", "docker-debian", "docker-mount", "docker-restricted")
        }

        @Test(.installed("dockerd", "docker-compose"))
        func composeServicesExtendTheFragment() throws {
            try bench.run("compose")
        }

        @Test(.installed("podman", "crun"))
        func podmanTakesTheListAndTheDevice() throws {
            try bench.run("podman", "podman-runc", "podman-cdi", "podman-cdi-hook", "podman-hook")
        }

        @Test(.installed("runc", "crun"))
        func bundlesTakeTheMounts() throws {
            try bench.run("runc", "crun", "runc-users", "crun-users")
        }

        @Test(.installed("lxc-start"))
        func lxcTakesTheLinesInAConfiguration() throws {
            try bench.run("lxc")
        }

        @Test(.installed("systemd-nspawn"))
        func nspawnTakesTheBinds() throws {
            try bench.run("systemd-nspawn")
        }

        @Test func withoutAMountThereIsNoList() throws {
            try bench.run("refusals")
        }
    }
}
