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

    @Test func takesNamesOneByOneOrWithCommas() throws {
        let command = try parsed("--only", "meminfo,stat", "--only", "uptime", "--except", "stat")
        #expect(
            MountSelection(only: command.only, except: command.except)
                == MountSelection(only: ["meminfo", "stat", "uptime"], except: ["stat"]))
    }

    @Test func itsHelpNamesEveryFormat() {
        let help = LXCFSCtl.helpMessage(for: MountsCommand.self)
        for format in MountFormat.allCases { #expect(help.contains("  \(format.rawValue) "), "\(format)") }
    }
}

@Suite("Whether the mounts are there for the caller")
struct VisibleMountsTests {
    private let list = ListMounts.Reply(
        mountPoint: "/var/lib/lxcfs",
        mounts: [
            Mount(
                file: "proc/stat", source: "/var/lib/lxcfs/proc/stat", destination: "/proc/stat", type: "bind", options: ["bind"],
                isFolder: false,
                refusedBy: [])
        ])

    private func check(_ mountinfo: String) throws(Failure) {
        try VisibleMounts(table: MountTable(InputText("1 0 0:1 / / rw - ext4 /dev/sda1 rw\n" + mountinfo))).check(list, device: "0:40")
    }

    private let own = "40 1 0:40 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n"

    @Test func theDaemonsMountIsWellAlsoUnderDeadOnes() throws {
        try check(own)
        try check("39 1 0:39 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n" + own)
        try check(own + "50 1 0:50 / /var/lib/lxcfs2 rw - tmpfs tmpfs rw\n51 1 0:51 / /var/lib/lxcfs/proc/stat2 rw - tmpfs tmpfs rw\n")
    }

    @Test func whereNothingIsMountedItSaysSo() {
        #expect { try check("") } throws: { ($0 as? Failure)?.sentence.contains("nothing is mounted at /var/lib/lxcfs") == true }
        #expect { try check("2 1 0:2 / /var/lib rw - ext4 /dev/sdb1 rw\n") } throws: {
            ($0 as? Failure)?.sentence.contains("nothing is mounted at /var/lib/lxcfs") == true
        }
    }

    @Test func whereAnotherIsMountedItSaysSo() {
        #expect { try check("40 1 0:39 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n") } throws: {
            ($0 as? Failure)?.sentence.contains("another lxcfs") == true
        }
        #expect { try check(own + "50 1 0:50 / /var/lib/lxcfs rw - tmpfs tmpfs rw\n") } throws: {
            ($0 as? Failure)?.sentence.contains("type tmpfs covers it") == true
        }
        #expect { try check(own + "50 1 0:50 / /var/lib/lxcfs/proc rw - tmpfs tmpfs rw\n") } throws: { $0 is Failure }
    }
}
