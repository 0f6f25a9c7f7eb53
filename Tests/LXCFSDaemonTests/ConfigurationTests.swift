import LinuxSystem
import ProcText
import Testing

@testable import LXCFSDaemon

@Suite("Configuration")
struct ConfigurationTests {
    @Test func dropsTrailingSlashes() {
        #expect(Configuration(mountPoint: "/mnt/x//").mountPoint == "/mnt/x")
        #expect(Configuration(mountPoint: "/").mountPoint == "/")
    }

    @Test func putsThePIDFileIntoTheRuntimeDirectory() {
        #expect(Configuration(mountPoint: "/a").pidFile == "/run/lxcfs.pid")
        #expect(Configuration(mountPoint: "/a", runtimeDirectory: "/tmp/r").pidFile == "/tmp/r/lxcfs.pid")
        #expect(Configuration(mountPoint: "/a", pidFile: "/x.pid", runtimeDirectory: "/tmp/r").pidFile == "/x.pid")
    }

    @Test(arguments: [(["cgroup2"], 8), (["cgroup", "cgroup2"], 32), (["cgroup"], 32), ([], 8)])
    func hasMoreThreadsWhereThereMayBeACgroupTree(types: [String], threads: Int) {
        let lines = types.map { "30 20 0:26 / /sys/fs/cgroup rw - \($0) none rw\n" }
        let mounts = MountTable(InputText(lines.joined()))
        #expect(Configuration(mountPoint: "/a").threads(on: mounts) == threads)
        #expect(Configuration(mountPoint: "/a", cgroupTree: false).threads(on: mounts) == 8)
    }
}
