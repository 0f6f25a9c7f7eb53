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
}
