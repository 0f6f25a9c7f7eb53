import TestContainers
import Testing

extension EndToEnd {
    /// What `lxcfsctl mounts` prints, given to the runtimes themselves: Tests/runtimes/mounts, of which each line is a result here.
    @Suite(
        "lxcfsctl mounts in real runtimes",
        .disabled(if: Machine.isVirtual, "the same lists go to the same runtimes on the host; the disk here is too slow for images"))
    struct RuntimeMounts {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        /// Runs tests of the script, with a daemon of their own.
        private func run(_ tests: String...) throws {
            let result = try Command.run(["Tests/runtimes/mounts", "--build", LXCFSProcess.buildFolder] + tests, seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= tests.count, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: isInstalled("dockerd", "docker"), "not installed: apt-get install docker.io"))
        func dockerTakesTheListForOtherImagesAndAsMounts() throws {
            try run("docker-debian", "docker-mount")
        }

        @Test(.enabled(if: isInstalled("dockerd", "docker-compose"), "not installed: apt-get install docker.io docker-compose"))
        func composeServicesExtendTheFragment() throws {
            try run("compose")
        }

        @Test(.enabled(if: isInstalled("podman", "crun"), "not installed: apt-get install podman crun"))
        func podmanTakesTheDeviceAndTheHook() throws {
            try run("podman-cdi", "podman-cdi-hook", "podman-hook")
        }

        @Test(.enabled(if: isInstalled("runc", "crun"), "not installed: apt-get install runc crun"))
        func bundlesWithAUserNamespaceTakeTheMounts() throws {
            try run("runc-users", "crun-users")
        }

        @Test(.enabled(if: isInstalled("lxc-start"), "not installed: apt-get install lxc"))
        func lxcTakesTheLinesInAConfiguration() throws {
            try run("lxc")
        }

        @Test(.enabled(if: isInstalled("systemd-nspawn"), "not installed: apt-get install systemd-container"))
        func nspawnTakesTheBinds() throws {
            try run("systemd-nspawn")
        }

        @Test func withoutAMountThereIsNoList() throws {
            try run("refusals")
        }
    }
}
