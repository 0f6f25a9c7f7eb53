import Testing

@testable import LXCFSDaemon

@Suite("Configuration")
struct ConfigurationTests {
    @Test func dropsTrailingSlashes() throws {
        #expect(try Configuration(mountPoint: "/mnt/x//").mountPoint == "/mnt/x")
        #expect(try Configuration(mountPoint: "/").mountPoint == "/")
    }

    @Test func putsThePIDFileIntoTheRuntimeDirectory() throws {
        #expect(try Configuration(mountPoint: "/a").pidFile == "/run/lxcfs.pid")
        #expect(try Configuration(mountPoint: "/a", runtimeDirectory: "/tmp/r").pidFile == "/tmp/r/lxcfs.pid")
        #expect(try Configuration(mountPoint: "/a", pidFile: "/x.pid", runtimeDirectory: "/tmp/r").pidFile == "/x.pid")
    }

    @Test func wantsAnAbsoluteMountPoint() {
        #expect(throws: StartError.self) { try Configuration(mountPoint: "var/lib/lxcfs") }
    }
}
