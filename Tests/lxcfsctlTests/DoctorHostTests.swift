import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl doctor and the host")
struct DoctorHostTests {
    private func complaints(_ check: some Check, _ scene: Scene) -> [Finding] { check.examine(scene).filter { $0.level != .ok } }

    private static let hybrid = """
        30 1 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
        31 1 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        32 1 0:32 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
        33 1 0:33 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
        34 1 0:34 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
        35 1 0:35 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
        36 1 0:36 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw

        """

    private func hybridHost(_ unified: String) -> ScriptedHost {
        let host = ScriptedHost.bare()
        host.mountinfo = DoctorHostTests.hybrid
        host.texts["/sys/fs/cgroup/unified/cgroup.controllers"] = unified
        return host
    }

    @Test func readsTheLayoutOfTheCgroups() {
        #expect(CgroupCheck().examine(.without(.bare())).map(\.text) == ["The cgroups are of version 2 (cpuset, cpu, io, memory, pids)"])
        let host = hybridHost("hugetlb\n")
        let expected = "The cgroups are hybrid: of version 1 cpu, cpuacct, memory, cpuset, blkio, pids; of version 2 hugetlb"
        #expect(CgroupCheck().examine(.without(host)).map(\.text) == [expected])
        host.mountinfo = ""
        #expect(CgroupCheck().examine(.without(host)).map(\.level) == [.fault])
    }

    @Test func saysWhichControllersAreNotHandedDown() {
        let host = ScriptedHost.bare()
        host.texts["/sys/fs/cgroup/cgroup.subtree_control"] = "memory pids\n"
        let findings = complaints(CgroupCheck(), .without(host))
        #expect(findings.map(\.level) == [.warning])
        #expect(findings.first?.remedy == "echo \"+cpu +cpuset +io\" > /sys/fs/cgroup/cgroup.subtree_control")
        host.texts["/sys/fs/cgroup/cgroup.subtree_control"] = "cpu memory pids\n"
        #expect(complaints(CgroupCheck(), .without(host)).map(\.level) == [.note])
    }

    @Test func missesTheMemoryController() {
        let host = ScriptedHost.bare()
        host.texts["/sys/fs/cgroup/cgroup.controllers"] = "cpuset cpu io pids\n"
        #expect(complaints(CgroupCheck(), .without(host)).map(\.level) == [.warning])
        let old = hybridHost("")
        old.mountinfo = old.mountinfo.replacing("rw,memory", with: "rw,freezer")
        #expect(complaints(CgroupCheck(), .without(old)).map(\.level) == [.warning])
    }

    @Test func saysWhoNeedsTheCgroupTreeAndWhyItIsNotThere() {
        #expect(CgroupTreeCheck().examine(.with(.serving())).map(\.level) == [.ok], "cgroup namespaces do it on version 2")
        let host = hybridHost("")
        #expect(CgroupTreeCheck().examine(.without(host)).isEmpty, "only the daemon knows")
        var status = GetStatus.Reply.well()
        func findings(_ tree: CgroupTreeStatus?) -> [Finding] {
            status.cgroupTree = tree
            return CgroupTreeCheck().examine(.with(host, status))
        }
        let served = findings(CgroupTreeStatus(state: .served, hierarchies: ["memory", "systemd"]))
        #expect(served.map(\.text) == ["The cgroup tree /var/lib/lxcfs/cgroup has memory systemd"] && served.first?.level == .ok)
        #expect(findings(CgroupTreeStatus(state: .disabled)).map(\.level) == [.note])
        #expect(findings(CgroupTreeStatus(state: .absent)).map(\.remedy) == ["lxcfsctl reload"])
        let impossible = findings(CgroupTreeStatus(state: .impossible, reason: "CAP_SETUID is missing"))
        #expect(impossible.map(\.text) == ["There is no cgroup tree: CAP_SETUID is missing"])
        #expect(impossible.first?.remedy?.contains("systemctl") == false)
        host.folders["/run/systemd"] = ["system"]
        #expect(findings(status.cgroupTree).first?.remedy?.contains("lxcfs.service") == true)
        #expect(findings(nil).isEmpty, "an older worker does not tell")
    }

    @Test func looksForSwapAccountingOnlyWhereThereIsSwap() {
        let host = ScriptedHost.bare()
        #expect(SwapCheck().examine(.without(host)).map(\.text) == ["The host has no swap"])
        host.texts["/proc/swaps"] = "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n"
        #expect(complaints(SwapCheck(), .without(host)).map(\.remedy) == ["boot with swapaccount=1"])
        host.folders["/sys/fs/cgroup"] = ["cgroup.procs", "system.slice"]
        host.texts["/sys/fs/cgroup/system.slice/memory.swap.max"] = "max\n"
        #expect(complaints(SwapCheck(), .without(host)).isEmpty)
        let old = hybridHost("")
        old.texts["/proc/swaps"] = host.texts["/proc/swaps"]
        #expect(complaints(SwapCheck(), .without(old)).map(\.level) == [.warning])
        old.texts["/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"] = "9223372036854771712\n"
        #expect(complaints(SwapCheck(), .without(old)).isEmpty)
    }

    @Test func knowsFromWhichVersionDockerKnowsCDI() {
        let host = ScriptedHost.bare()
        let server = "docker version --format {{.Server.Version}}"
        for (version, words) in [
            ("20.10.24+dfsg1", "does not know CDI"), ("26.1.5", "\"cdi\": true"), ("28.5.2", "Docker 28.5.2 knows CDI: "),
        ] {
            host.programs = [server: version + "\n"]
            let text = RuntimesCheck().examine(.without(host)).first?.text ?? ""
            #expect(text.contains(words), "\(text)")
        }
        host.programs = ["docker --version": "Docker version 28.2.2, build e6534b4\n"]
        #expect(RuntimesCheck().examine(.without(host)).map(\.text) == ["Docker 28.2.2 is installed, its daemon does not answer"])
    }

    @Test func knowsWhetherDockerHasTheRuntime() {
        let host = ScriptedHost.bare()
        func second(_ runtimes: String) -> Finding? {
            host.programs = [
                "docker version --format {{.Server.Version}}": "20.10.24\n",
                (["docker"] + RunningDockerd.Runtimes.question).joined(separator: " "): runtimes,
            ]
            return RuntimesCheck().examine(.without(host)).dropFirst().first
        }
        #expect(second("runc\nrunc runc\n")?.text.contains("lxcfsctl runtime install docker") == true)
        #expect(second("lxcfs\nlxcfs /usr/bin/lxcfs-runtime\nrunc runc\n")?.level == .fault)
        #expect(second("runc\nviews /usr/bin/lxcfs-runtime\nrunc runc\n")?.remedy?.hasSuffix("remove docker --name views") == true)
        host.probes["/usr/bin/lxcfs-runtime"] = .exists(mode: 0o100755, owner: 0, group: 0)
        #expect(second("lxcfs\nlxcfs /usr/bin/lxcfs-runtime\nrunc runc\n")?.text.contains("all containers") == true)
        #expect(second("runc\nlxcfs /usr/bin/lxcfs-runtime\nrunc runc\n")?.text.contains("--runtime lxcfs") == true)
    }

    @Test func knowsWhatEachRuncRefuses() {
        let host = ScriptedHost.bare()
        func remedy(_ version: String) -> String? {
            host.programs = ["runc --version": "runc version \(version)\ncommit: x\n"]
            return RuntimesCheck().examine(.without(host)).first?.remedy
        }
        #expect(remedy("1.1.5+ds1") == nil)
        #expect(remedy("1.0.0-rc93") == nil)
        #expect(remedy("1.0.0-rc92") == "lxcfsctl mounts --except slabinfo")
        #expect(remedy("1.0.0-rc5") == "lxcfsctl mounts --except loadavg,slabinfo")
    }

    @Test func knowsThatCrunStartsNothingOnMixedCgroups() {
        let host = hybridHost("hugetlb\n")
        host.programs = ["crun --version": "crun version 1.8.1\n"]
        #expect(complaints(RuntimesCheck(), .without(host)).map(\.level) == [.note])
        host.texts["/sys/fs/cgroup/unified/cgroup.controllers"] = ""
        #expect(complaints(RuntimesCheck(), .without(host)).isEmpty)
    }

    @Test func knowsAHookOfLXCThatIsNotThere() {
        let host = ScriptedHost.serving()
        host.programs = ["lxc-start --version": "5.0.2\n"]
        #expect(complaints(RuntimesCheck(), .with(host)).isEmpty)
        host.texts["/usr/share/lxc/config/common.conf.d/00-lxcfs.conf"] = "lxc.hook.mount = /usr/share/lxcfs/lxc.mount.hook\n"
        #expect(complaints(RuntimesCheck(), .with(host)).map(\.level) == [.fault])
        host.texts["/usr/share/lxcfs/lxc.mount.hook"] = "#!/bin/sh\n"
        #expect(complaints(RuntimesCheck(), .with(host)).isEmpty)
        var status = GetStatus.Reply.well()
        status.mount.path = "/elsewhere"
        #expect(complaints(RuntimesCheck(), .with(host, status)).map(\.level) == [.note])
    }

    @Test func looksAtTheUnit() {
        let host = ScriptedHost.serving()
        host.folders["/run/systemd"] = ["system"]
        let command =
            "systemctl show lxcfs.service --property=LoadState,UnitFileState,ActiveState,Type,FileDescriptorStoreMax,FragmentPath,Restart"
        let well = "Type=notify\nRestart=always\nFileDescriptorStoreMax=16\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
        host.programs = [command: well]
        #expect(complaints(SystemdCheck(), .with(host)).isEmpty)
        // The unit of the C program.
        host.programs = [command: "Type=simple\nFileDescriptorStoreMax=0\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n"]
        #expect(complaints(SystemdCheck(), .with(host)).map(\.level) == [.warning, .note, .warning, .warning])
        host.programs = [command: "LoadState=not-found\n"]
        #expect(complaints(SystemdCheck(), .with(host)).map(\.level) == [.note])
        host.programs = [:]
        #expect(complaints(SystemdCheck(), .with(host)).map(\.level) == [.note])
    }

    @Test func knowsALimitOfOpenFilesThatIsTooLow() {
        let host = ScriptedHost.serving()
        #expect(complaints(LimitsCheck(), .with(host)).isEmpty)
        host.texts["/proc/11/limits"] = "Limit Soft Hard Units\nMax open files            1024                 524288               files\n"
        #expect(complaints(LimitsCheck(), .with(host)).map(\.level) == [.warning])
        host.texts["/proc/11/limits"] = "Max open files            unlimited            unlimited            files\n"
        #expect(complaints(LimitsCheck(), .with(host)).isEmpty)
    }

    @Test func knowsWhatSELinuxForbids() {
        let host = ScriptedHost.bare()
        #expect(SecurityCheck().examine(.without(host)).isEmpty)
        host.texts["/sys/fs/selinux/enforce"] = "1"
        #expect(complaints(SecurityCheck(), .without(host)).map(\.remedy) == ["setsebool -P virt_sandbox_use_fusefs 1"])
        host.texts["/sys/fs/selinux/booleans/virt_sandbox_use_fusefs"] = "1 1"
        #expect(complaints(SecurityCheck(), .without(host)).isEmpty)
    }

    @Test(arguments: [
        ("runc version 1.1.5+ds1", "1.1.5"), ("Docker version 20.10.24+dfsg1, build 5d6db84", "20.10.24"),
        ("systemd 252 (252.39-1)", "252.39"),
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20", "1.6.20"), ("Kubernetes v1.30.2", "1.30.2"), ("5.0.2", "5.0.2"),
        ("runc version 1.0.0-rc93", "1.0.0-rc93"),
    ])
    func findsAVersionInWhatAProgramSays(_ text: String, _ version: String) {
        #expect(VersionNumber(in: text)?.description == version)
    }

    @Test func ordersVersions() {
        let ascending = ["0.9.1", "1.0.0-rc6", "1.0.0-rc93", "1.0.0", "1.0.1", "1.2", "1.10.0"].compactMap { VersionNumber(in: $0) }
        #expect(ascending.count == 7)
        #expect(ascending.shuffled().sorted() == ascending)
        #expect(VersionNumber(in: "no number") == nil)
    }

    @Test func showsALineForEachFindingAndOneForItsRemedy() {
        let findings = [
            Finding(check: "mount", level: .ok, text: "Well", remedy: nil),
            Finding(check: "cgroups", level: .warning, text: "Not well\u{1b}[2J", remedy: "do it"),
        ]
        #expect(
            DoctorReport.lines(findings).map(\.text) == [
                "ok       mount    Well", "warning  cgroups  Not well\\x1b[2J", "                  -> do it",
            ])
    }
}
