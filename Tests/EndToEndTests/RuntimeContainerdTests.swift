import TestContainers
import Testing

extension EndToEnd {
    /// containerd set up as Integrations/containerd says, and pods by its CRI: Tests/runtimes/containerd, of which each line is a result here.
    @Suite(
        "Containerd", .disabled(if: Machine.isVirtual, "the same runs on the host; the disk here is too slow for images"))
    struct RuntimeContainerd {
        private static func isInstalled(_ programs: String...) -> Bool { programs.allSatisfy { Machine.program($0) != nil } }

        private func run(_ tests: String..., lines expected: Int) throws {
            let result = try Command.run(["Tests/runtimes/containerd", "--build", LXCFSProcess.buildFolder] + tests, seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count == expected, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: isInstalled("containerd", "ctr", "jq"), "not installed: apt-get install containerd jq"))
        func theHandlerIsAddedToWhatIsConfigured() throws {
            try run("configuration", lines: 6)
        }

        @Test(.enabled(if: isInstalled("containerd", "ctr", "jq", "runc"), "not installed: apt-get install containerd jq runc"))
        func containersOfItSeeTheirOwnValues() throws {
            try run("ctr-runtime", "ctr-specification", lines: 2)
        }

        @Test(
            .enabled(if: isInstalled("containerd", "ctr", "jq", "runc"), "not installed: apt-get install containerd jq runc"),
            .enabled(
                if: Machine.exists(".build/python/grpc/__init__.py"), "not installed: /usr/bin/pip3 install --target .build/python grpcio"))
        func podsSeeTheirOwnValuesByEitherHandler() throws {
            try run("pod-base-spec", "pod-runtime", "pod-shared-pids", lines: 4)
        }
    }
}
