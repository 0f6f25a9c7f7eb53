import TestContainers
import Testing

extension EndToEnd {
    /// Attach, repair after the death of the daemon, and detach, in containers of the runtimes themselves: Tests/runtimes/attach, of which each line
    /// is a result here.
    @Suite(
        "Attach in real runtimes",
        .disabled(if: Machine.isVirtual, "the same runtimes run on the host; the disk here is too slow for images"))
    struct RuntimeAttach {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        private func run(_ runtimes: String...) throws {
            let result = try Command.run(["Tests/runtimes/attach", "--build", LXCFSProcess.buildFolder] + runtimes, seconds: 180)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= runtimes.count, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: isInstalled("dockerd", "docker"), "not installed: apt-get install docker.io"))
        func docker() throws {
            try run("docker", "docker-restricted", "docker-host-pids")
        }

        @Test(.enabled(if: isInstalled("podman", "crun"), "not installed: apt-get install podman crun"))
        func podman() throws {
            try run("podman", "podman-users")
        }

        @Test(.enabled(if: isInstalled("lxc-start"), "not installed: apt-get install lxc"))
        func lxc() throws {
            try run("lxc")
        }

        @Test(.enabled(if: isInstalled("runc"), "not installed: apt-get install runc"))
        func runcWithAUserNamespace() throws {
            try run("runc-users")
        }
    }
}
