import LXCFSControl
import LinuxSystem
import ProcText
import Testing

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

    private func check(_ mountinfo: String) throws(MountListError) {
        try VisibleMounts(table: MountTable(InputText("1 0 0:1 / / rw - ext4 /dev/sda1 rw\n" + mountinfo))).check(list, device: "0:40")
    }

    private let own = "40 1 0:40 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n"

    @Test func theDaemonsMountIsWellAlsoUnderDeadOnes() throws {
        try check(own)
        try check("39 1 0:39 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n" + own)
        try check(own + "50 1 0:50 / /var/lib/lxcfs2 rw - tmpfs tmpfs rw\n51 1 0:51 / /var/lib/lxcfs/proc/stat2 rw - tmpfs tmpfs rw\n")
    }

    /// A bind mount of the host's /sys with shared propagation; what is only received, or stays below the folder, is another matter.
    @Test(arguments: [
        ("shared:7", "shared:7", true), ("shared:7", "shared:8", false), ("shared:7", "master:7", false), ("master:7", "shared:7", false),
        ("shared:9 master:7", "shared:7", false), ("", "shared:7", false), ("shared:9", "", false),
    ])
    func whatHasAPeerOutsideIsShared(_ own: String, _ outside: String, _ isShared: Bool) {
        let table = """
            1 0 0:1 / / rw - ext4 /dev/sda1 rw
            2 1 0:22 / /sys rw \(outside) - sysfs sysfs rw
            3 1 0:1 /r /r rw - ext4 /dev/sda1 rw
            4 3 0:22 / /r/sys rw \(own) - sysfs sysfs rw
            5 3 0:22 / /r/more rw shared:9 - sysfs sysfs rw

            """
        let mounts = VisibleMounts(table: MountTable(InputText(table)))
        #expect(mounts.isShared("/r/sys/devices/system/cpu", outside: "/r") == isShared)
        #expect(!mounts.isShared("/r/none", outside: "/r"))
    }

    @Test func whereNothingIsMountedItSaysSo() {
        #expect { try check("") } throws: { "\($0)".contains("nothing is mounted at /var/lib/lxcfs") }
        #expect { try check("2 1 0:2 / /var/lib rw - ext4 /dev/sdb1 rw\n") } throws: {
            "\($0)".contains("nothing is mounted at /var/lib/lxcfs")
        }
    }

    @Test func whereAnotherIsMountedItSaysSo() {
        #expect { try check("40 1 0:39 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n") } throws: {
            "\($0)".contains("another lxcfs")
        }
        #expect { try check(own + "50 1 0:50 / /var/lib/lxcfs rw - tmpfs tmpfs rw\n") } throws: {
            "\($0)".contains("type tmpfs covers it")
        }
        #expect { try check(own + "50 1 0:50 / /var/lib/lxcfs/proc rw - tmpfs tmpfs rw\n") } throws: { $0 is MountListError }
    }
}
