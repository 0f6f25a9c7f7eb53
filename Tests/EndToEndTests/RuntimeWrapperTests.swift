import TestContainers
import Testing

extension EndToEnd {
    /// Engines that start their containers through lxcfs-runtime: Tests/runtimes/wrapper, of which each line is a result here.
    @Suite(
        "lxcfs-runtime under real engines",
        .disabled(if: Machine.isVirtual, "the same engines run on the host; the disk here is too slow for images"))
    struct RuntimeWrapper {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        private func run(_ tests: String...) throws {
            let result = try Command.run(["Tests/runtimes/wrapper", "--build", LXCFSProcess.buildFolder] + tests, seconds: 180)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= tests.count, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: isInstalled("dockerd", "docker"), "not installed: apt-get install docker.io"))
        func docker() throws {
            try run("docker", "docker-life", "docker-build", "docker-wishes", "docker-without-lxcfs")
        }

        @Test(.enabled(if: isInstalled("dockerd", "docker-compose"), "not installed: apt-get install docker.io docker-compose"))
        func compose() throws {
            try run("docker-compose")
        }

        @Test(.enabled(if: isInstalled("podman", "runc", "crun"), "not installed: apt-get install podman runc crun"))
        func podman() throws {
            try run("podman", "podman-runc", "podman-opt-out")
        }

        @Test(.enabled(if: isInstalled("containerd", "ctr", "runc"), "not installed: apt-get install containerd runc"))
        func containerd() throws {
            try run("containerd")
        }

        @Test func theHookMountsWhereItShouldAndNowhereElse() throws {
            try run("hook")
        }

        @Test(.enabled(if: isInstalled("runc", "crun"), "not installed: apt-get install runc crun"))
        func bundles() throws {
            try run("runc", "crun", "runc-users", "crun-users")
        }
    }
}
