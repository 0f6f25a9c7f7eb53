import TestContainers
import Testing

extension EndToEnd {
    /// What PouchContainer does with lxcfs, mount for mount.
    @Suite("lxcfs for PouchContainer", .onTheHost)
    struct RuntimePouch {
        private let bench = RuntimeBench(program: "pouch")

        @Test func theDaemonIsWhatPouchdLooksFor() throws {
            try bench.run("daemon", lines: 4)
        }

        @Test(.installed("dockerd", "docker"))
        func itsSevenMountsShowTheLimitAndSurviveTheDaemon() throws {
            try bench.run("container", lines: 9)
        }
    }
}
