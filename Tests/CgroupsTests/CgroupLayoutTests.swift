import Cgroups
import Glibc
import LinuxSystem
import ProcText
import TestSupport
import Testing

@Suite("Cgroup hierarchies")
struct CgroupLayoutTests {
    private static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        42 41 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:12 - cgroup cgroup rw,cpu,cpuacct
        45 41 0:34 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        46 41 0:34 / /mnt/memory\\040again rw,relatime - cgroup cgroup rw,memory
        54 41 0:43 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        55 41 0:44 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
        56 41 0:44 / /sys/fs/cgroup/not-there rw,relatime - cgroup cgroup rw,blkio

        """

    private func hybridHost() throws -> FixtureHost {
        let host = try FixtureHost()
        for folder in ["cpu,cpuacct/a", "memory/a/b", "systemd", "unified/a"] { try host.makeFolder("sys/fs/cgroup/" + folder) }
        try host.makeFolder("mnt/memory again")
        try host.write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n")
        try host.write("proc/self/mountinfo", CgroupLayoutTests.hybrid)
        return host
    }

    @Test func areFoundOnceEachAndOnlyIfTheyCanBeOpened() throws {
        let host = try hybridHost()
        let layout = try host.layout()
        #expect(layout.hierarchies.map(\.mountPoint) == ["cpu,cpuacct", "memory", "systemd", "unified"].map { "/sys/fs/cgroup/" + $0 })
        #expect(layout.hierarchies.map(\.index) == [0, 1, 2, 3])
        #expect(layout.unified?.mountPoint == "/sys/fs/cgroup/unified")
    }

    @Test func aBindMountOfOneCgroupIsNotTakenForTheHierarchy() throws {
        let host = try hybridHost()
        try host.makeFolder("rootfs/cgroup")
        let bind = "40 23 0:34 /docker/c1 /rootfs/cgroup rw,relatime - cgroup cgroup rw,memory\n"
        try host.write("proc/self/mountinfo", bind + CgroupLayoutTests.hybrid)
        let memory = try #require(host.layout().hierarchy(of: .memory))
        #expect(memory.mountPoint == "/sys/fs/cgroup/memory")
        #expect(try memory.cgroup(at: CgroupPath("/a/b")).parent?.path == CgroupPath("/a"))
    }

    @Test func haveTheirControllers() throws {
        let host = try hybridHost()
        let layout = try host.layout()
        #expect(layout.hierarchy(of: .cpu)?.index == 0)
        #expect(layout.hierarchy(of: .cpuacct)?.index == 0)
        #expect(layout.hierarchy(of: .memory)?.version == .v1)
        #expect(layout.hierarchy(of: .hugetlb)?.version == .v2)
        #expect(layout.hierarchy(of: .blkio) == nil)
        #expect(layout.hierarchy(of: .pids) == nil)
    }

    @Test func onVersion2BlkioIsCalledIO() throws {
        let host = try FixtureHost()
        try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try host.write("sys/fs/cgroup/cgroup.controllers", "cpu io memory\n")
        let layout = try host.layout()
        #expect(layout.hierarchy(of: .blkio) != nil)
        #expect(layout.hierarchy(of: .cpuacct) != nil)
        #expect(layout.hierarchy(of: .pids) == nil)
    }

    @Test func aProcessIsInOneCgroupOfEach() throws {
        let host = try hybridHost()
        let layout = try host.layout()
        let text = "9:name=systemd:/user.slice\n5:cpuset:/x\n4:memory:/a/b:c\n1:cpu,cpuacct:/a\nnonsense\n0::/a\n"
        let membership = CgroupMembership(InputText(text), layout: layout)
        #expect(membership.paths == ["/a", "/a/b:c", "/user.slice", "/a"].map { CgroupPath($0) })
        #expect(!membership.isRoot)
        #expect(CgroupMembership(InputText("4:memory:/\n1:cpu,cpuacct:/\n0::/\n"), layout: layout).isRoot)
        #expect(!CgroupMembership(InputText("4:memory:/\n1:cpu,cpuacct:/a\n0::/\n"), layout: layout).isRoot)
    }

    @Test func giveTheSameCgroupUntilItIsMadeAnew() throws {
        let host = try hybridHost()
        let memory = try #require(try host.layout().hierarchy(of: .memory))
        let first = try memory.cgroup(at: CgroupPath("/a/b"))
        #expect(try memory.cgroup(at: CgroupPath("/a/b")) === first)
        #expect(first.parent?.path == CgroupPath("/a"))
        #expect(first.parent?.parent?.path == .root)
        #expect(first.parent?.parent?.parent == nil)
        host.remove("sys/fs/cgroup/memory/a/b")
        #expect(throws: (any Error).self) { try memory.cgroup(at: CgroupPath("/a/b")) }
        try host.makeFolder("sys/fs/cgroup/memory/filler")
        try host.makeFolder("sys/fs/cgroup/memory/a/b")
        #expect(try memory.cgroup(at: CgroupPath("/a/b")).path == first.path)
    }

    @Test func aNameNeedNotBeText() throws {
        let host = try hybridHost()
        let layout = try host.layout()
        let memory = try #require(layout.hierarchy(of: .memory))
        let name: [UInt8] = [0xff, 0xcc, 0x81]
        let path = (Array("\(host.root)/sys/fs/cgroup/memory/a/".utf8) + name + [0]).map { CChar(bitPattern: $0) }
        try #require(mkdir(path, 0o755) == 0)
        defer { rmdir(path) }
        let membership = CgroupMembership(InputText(bytes: Array("4:memory:/a/".utf8) + name + [0x0a]), layout: layout)
        let found = try memory.cgroup(at: #require(membership[memory]))
        #expect(found.parent?.path == CgroupPath("/a"))
        #expect(try memory.cgroup(at: CgroupPath("/a")).children().map(\.path).contains(found.path))
    }

    @Test func whatLiesVeryDeepBelongsToItsAncestor() throws {
        let layout = try hybridHost().layout()
        let deep = String(repeating: "/d", count: 2000)
        let memory = try #require(layout.hierarchy(of: .memory))
        let path = try #require(CgroupMembership(InputText("4:memory:\(deep)\n"), layout: layout)[memory])
        #expect(path == CgroupPath(String(repeating: "/d", count: CgroupPath.mostLevels)))
        let level = String(repeating: "/d", count: CgroupPath.mostLevels)
        #expect(CgroupMembership(InputText("4:memory:\(level)\n"), layout: layout)[memory] == CgroupPath(level))
    }

    @Test func mountPointsAreUnescaped() {
        let table = MountTable(InputText(CgroupLayoutTests.hybrid))
        #expect(table.entries.count == 7)
        #expect(table.mounts(at: "/mnt/memory again").first?.superOptions == ["rw", "memory"])
        #expect(table.entries[1].propagation == ["shared:12"])
        #expect(table.entries[0].type == "tmpfs")
    }

    @Test(arguments: ["", "\n", "31", "31 23 0:28 / /x rw - ", "31 23 0:28 / /x rw shared:1", "31 23 0:28 / /x\\04 rw - t s"])
    func linesThatAreCutOffAreLeftOut(text: String) {
        #expect(MountTable(InputText(text)).entries.isEmpty)
    }
}
