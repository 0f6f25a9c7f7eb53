import TestContainers
import Testing

extension EndToEnd {
    /// From the start to the removal of containers in real runtimes: Tests/runtimes/life, of which each line is a result here.
    @Suite("The life of containers in real runtimes")
    struct RuntimeLife {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        private func run(_ tests: [String], of program: String = "life", seconds: Double) throws {
            let result = try Command.run(["Tests/runtimes/\(program)", "--build", LXCFSProcess.buildFolder] + tests, seconds: seconds)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= tests.count, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        /// On an emulated machine everything takes ten times as long: one container of each engine, in one go.
        @Test(
            .enabled(if: Machine.isVirtual, "on the host each engine has a test of its own"),
            .enabled(
                if: isInstalled("dockerd", "docker", "podman", "runc", "crun", "ctr", "jq"),
                "not installed: apt-get install docker.io podman runc crun containerd jq"))
        func inAVirtualMachine() throws {
            try run(["bundles", "containerd", "docker", "docker-tree", "podman"], seconds: 400)
        }

        @Test(
            .disabled(if: Machine.isVirtual, "part of the test for virtual machines"),
            .enabled(if: isInstalled("dockerd", "docker", "jq"), "not installed: apt-get install docker.io jq"))
        func docker() throws {
            try run(["docker", "docker-variants", "docker-shared-pids", "docker-tree", "docker-wrapped", "docker-users"], seconds: 240)
        }

        /// Nothing fails or hangs while lxcfs is killed, reloaded, or gone: Tests/runtimes/storm.
        @Test(
            .disabled(if: Machine.isVirtual, "nothing there depends on the layout of the cgroups"),
            .enabled(if: isInstalled("dockerd", "docker", "jq"), "not installed: apt-get install docker.io jq"))
        func dockerWhileLXCFSIsInTrouble() throws {
            try run(["many", "dead-mounts", "tools"], of: "storm", seconds: 180)
        }

        @Test(
            .disabled(if: Machine.isVirtual, "part of the test for virtual machines"),
            .enabled(if: isInstalled("podman", "crun"), "not installed: apt-get install podman crun"))
        func podman() throws {
            try run(["podman", "podman-variants"], seconds: 180)
        }

        @Test(
            .disabled(if: Machine.isVirtual, "part of the test for virtual machines"),
            .enabled(if: isInstalled("runc", "crun", "ctr", "jq"), "not installed: apt-get install runc crun containerd jq"))
        func bundlesAndContainerd() throws {
            try run(["bundles", "containerd"], seconds: 120)
        }
    }
}
