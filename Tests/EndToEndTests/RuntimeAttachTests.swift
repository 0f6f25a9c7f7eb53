import TestContainers
import Testing

extension EndToEnd {
    /// Attach, repair after the death of the daemon, and detach, in containers of the runtimes themselves.
    @Suite("Attach in real runtimes", .onTheHost)
    struct RuntimeAttach {
        private let bench = RuntimeBench(program: "attach")

        @Test(.installed("dockerd", "docker"))
        func docker() throws {
            try bench.run("docker", "docker-restricted", "docker-host-pids")
        }

        @Test(.installed("podman", "crun"))
        func podman() throws {
            try bench.run("podman", "podman-users")
        }

        @Test(.installed("lxc-start"))
        func lxc() throws {
            try bench.run("lxc")
        }

        @Test(.installed("runc"))
        func runcWithAUserNamespace() throws {
            try bench.run("runc-users")
        }
    }
}
