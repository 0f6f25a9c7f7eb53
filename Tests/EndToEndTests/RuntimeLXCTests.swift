import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// The hooks of Integrations/lxc in LXC itself.
    @Suite("The hooks for LXC", .onTheHost, .installed("lxc-start"))
    struct RuntimeLXC {
        private let bench = RuntimeBench(program: "lxc")

        @Test func aContainerSeesItsOwnValuesAllItsLife() throws {
            try bench.run("life", lines: 13)
        }

        @Test func withoutADaemonContainersStartUnlessTheyRequireIt() throws {
            try bench.run("stopped", lines: 3)
        }

        @Test func unprivilegedContainersGoByTheMount() throws {
            try bench.run("unprivileged", lines: 3)
        }

        @Test func containersInContainersFindTheMount() throws {
            try bench.run("nested", lines: 2)
        }

        @Test(.enabled(if: access("/lib/systemd/systemd", X_OK) == 0, "not installed: apt-get install systemd"))
        func servicesOfSystemdSeeTheLimitsOfTheContainer() throws {
            try bench.run("systemd", lines: 3)
        }

        @Test(.enabled(if: Machine.read("/proc/self/mountinfo")?.contains(" - cgroup ") == true, "needs cgroups of version 1"))
        func theCgroupTreeIsBoundWhereAContainerHasNoCgroupNamespace() throws {
            try bench.run("tree", lines: 7)
        }

        @Test func theHookRunsInEveryShellAndKeepsToTheContainer() throws {
            try bench.run("shells", "twice", "install", lines: 10)
        }
    }
}
