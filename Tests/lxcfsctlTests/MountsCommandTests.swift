import ArgumentParser
import LXCFSControl
import LinuxSystem
import ProcText
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl mounts")
struct MountsCommandTests {
    private func parsed(_ arguments: String...) throws -> MountsCommand {
        try #require(LXCFSCtl.parseAsRoot(["mounts"] + arguments) as? MountsCommand)
    }

    @Test func isForDockerUnlessSaidOtherwise() throws {
        #expect(try parsed().wantedFormat == .docker)
        #expect(try parsed().wantedRuntime == .runc)
        #expect(try parsed("--json").wantedFormat == .json)
        #expect(try parsed("--json").wantedRuntime == nil)
        #expect(try parsed("--format", "podman").wantedRuntime == .crun)
        #expect(try parsed("--format", "podman", "--runtime", "runc").wantedRuntime == .runc)
        #expect(try parsed("--format", "lxc").wantedRuntime == nil)
    }

    @Test func takesEveryFormatAndNoOther() throws {
        for format in MountFormat.allCases { #expect(try parsed("--format", format.rawValue).wantedFormat == format) }
        #expect(throws: (any Error).self) { try parsed("--format", "qemu") }
        #expect(throws: (any Error).self) { try parsed("--runtime", "kata") }
        #expect(throws: (any Error).self) { try parsed("--json", "--format", "docker") }
    }

    @Test func theCgroupTreeIsMountedOnlyWhereItIsAskedFor() throws {
        #expect(try parsed().cgroup == false && parsed("--cgroup", "--format", "podman").cgroup)
        #expect(throws: (any Error).self) { try parsed("--cgroup", "--format", "oci-hook") }
        let list = ListMounts.Reply(mountPoint: "/srv/lxcfs", mounts: [Mount(cgroupTreeBelow: "/srv/lxcfs")])
        #expect(try MountFormat.docker.text(of: list) == "-v /srv/lxcfs/cgroup:/cgroup:rw\n")
        #expect(try MountFormat.lxc.text(of: list) == "lxc.mount.entry = /srv/lxcfs/cgroup cgroup none bind,optional,create=dir 0 0\n")
    }

    @Test func takesNamesOneByOneOrWithCommas() throws {
        let command = try parsed("--only", "meminfo,stat", "--only", "uptime", "--except", "stat")
        #expect(
            MountSelection(only: command.files.only, except: command.files.except)
                == MountSelection(only: ["meminfo", "stat", "uptime"], except: ["stat"]))
    }

    @Test func itsHelpNamesEveryFormat() {
        let help = LXCFSCtl.helpMessage(for: MountsCommand.self)
        for format in MountFormat.allCases { #expect(help.contains("  \(format.rawValue) "), "\(format)") }
    }
}
