import TestContainers
import Testing

extension EndToEnd {
    /// Podman set up as Integrations/podman says: Tests/runtimes/podman, of which each line is a result here.
    @Suite(
        "Podman", .disabled(if: Machine.isVirtual, "the same runs on the host; the disk here is too slow for images"))
    struct RuntimePodman {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        private func run(_ tests: String..., lines expected: Int) throws {
            let result = try Command.run(["Tests/runtimes/podman", "--build", LXCFSProcess.buildFolder] + tests, seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count == expected, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: isInstalled("podman", "crun", "runc"), "not installed: apt-get install podman crun runc"))
        func everyContainerGetsTheViewsByTheConfiguration() throws {
            try run("configured-volumes", "configured-runtime", lines: 4)
        }

        @Test(.enabled(if: isInstalled("podman", "crun"), "not installed: apt-get install podman crun"))
        func aUserWhoIsNotRootGetsThem() throws {
            try run("user", lines: 2)
        }
    }
}
