import Testing

@testable import LXCFSDaemon

@Suite("Configuration")
struct ConfigurationTests {
    @Test func dropsTheMountOptionsThatTheDaemonDecides() throws {
        let configuration = try Configuration(
            mountPoint: "/mnt/x//", mountOptions: ["allow_other,noexec", "entry_timeout=5,attr_timeout=1.0,direct_io,nonempty", "context=a:b"])
        #expect(configuration.mountOptions == ["noexec", "context=a:b"])
        #expect(configuration.mountPoint == "/mnt/x")
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
