import TestContainers
import Testing

extension EndToEnd {
    /// A shell with the cgroup tree at /cgroup.
    @Suite("The cgroup tree in real containers", .onTheHost, .enabled(if: CgroupTreeRun.isHere, CgroupTreeRun.none))
    struct RuntimeCgroupTree {
        private let bench = RuntimeBench(program: "cgroup-tree")

        @Test(.installed("dockerd", "docker")) func aShellInDockerLimitsItself() throws {
            try bench.run("docker", lines: 4)
        }

        @Test(.installed("lxc-start")) func aShellInLXCLimitsItself() throws {
            try bench.run("lxc", lines: 1)
        }

        @Test(.installed("setpriv")) func whoMayNotBecomeACallerSaysSo() throws {
            try bench.run("missing-rights", lines: 3)
        }
    }
}
