import TestContainers
import Testing

extension EndToEnd {
    /// The DaemonSet's image with a dockerd in the place of a kubelet, and the manifests: Tests/runtimes/kubernetes, of which each line is a result here.
    @Suite(
        "Kubernetes",
        .disabled(if: Machine.isVirtual, "the same runs on the host; the disk here is too slow for images"))
    struct RuntimeKubernetes {
        private static let hasDocker = Machine.program("dockerd") != nil && Machine.program("docker") != nil

        private func run(_ tests: String..., lines expected: Int) throws {
            let result = try Command.run(["Tests/runtimes/kubernetes", "--build", LXCFSProcess.buildFolder] + tests, seconds: 180)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count == expected, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test(.enabled(if: hasDocker, "not installed: apt-get install docker.io"))
        func aPodServesTheNodeThroughUpdatesCrashesAndRestarts() throws {
            try run("daemonset", "update", "crash", "restart", "stop", "undo", "refusals", lines: 22)
        }

        @Test(
            .enabled(
                if: Machine.exists(".build/python/kubernetes_validate/__init__.py"),
                "not installed: /usr/bin/pip3 install --target .build/python kubernetes-validate"))
        func theManifestsFitTheSchemas() throws {
            try run("manifests", lines: 1)
        }
    }
}
