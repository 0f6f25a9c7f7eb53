import TestContainers
import Testing

extension EndToEnd {
    /// What PouchContainer does with lxcfs, mount for mount: Tests/runtimes/pouch, of which each line is a result here.
    @Suite(
        "lxcfs for PouchContainer",
        .disabled(if: Machine.isVirtual, "the same mounts are made on the host; the disk here is too slow for images"))
    struct RuntimePouch {
        private func run(_ test: String, expecting results: Int) throws {
            let result = try Command.run(["Tests/runtimes/pouch", "--build", LXCFSProcess.buildFolder, test], seconds: 120)
            let lines = result.output.split(separator: "\n")
            for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
            #expect(lines.count >= results, "\(result)")
            #expect(result.succeeded, "\(result)")
        }

        @Test func theDaemonIsWhatPouchdLooksFor() throws {
            try run("daemon", expecting: 4)
        }

        @Test(
            .enabled(
                if: Machine.program("dockerd") != nil && Machine.program("docker") != nil, "not installed: apt-get install docker.io"))
        func itsSevenMountsShowTheLimitAndSurviveTheDaemon() throws {
            try run("container", expecting: 9)
        }
    }
}
