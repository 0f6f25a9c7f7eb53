import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl doctor")
struct DoctorTests {
    /// What one check says that is not well.
    private func complaints(_ check: some Check, _ scene: Scene) -> [Finding] { check.examine(scene).filter { $0.level != .ok } }

    @Test func hasNothingToSayOfAMachineThatIsWell() {
        let findings = Doctor.findings(.with(.serving()))
        // No systemd and no runtime are worth knowing, nothing more.
        #expect(findings.filter { $0.level != .ok }.map(\.check) == ["runtimes", "systemd"])
        #expect(findings.allSatisfy { $0.level <= .note })
        #expect(Set(findings.filter { $0.level == .ok }.map(\.check)).isSuperset(of: ["daemon", "mount", "cgroups", "socket", "limits"]))
    }

    @Test func everyFindingIsASentenceWithoutAFullStop() {
        for scene in [Scene.with(.serving()), .without(.bare())] {
            for finding in Doctor.findings(scene) {
                #expect(!finding.text.hasSuffix("."), "\(finding)")
                #expect(finding.level == .ok || finding.level == .note || finding.remedy?.isEmpty == false, "\(finding)")
            }
        }
    }

    @Test func saysThatTheDaemonIsNotRunningAndLooksOn() {
        let findings = Doctor.findings(.without(.bare()))
        #expect(findings.first?.level == .fault)
        #expect(findings.first?.remedy == "lxcfs /var/lib/lxcfs &")
        #expect(Set(findings.map(\.check)).isSuperset(of: ["kernel", "fuse", "mount", "containers", "cgroups"]))
        #expect(DaemonCheck().examine(.without(.bare(), .notPermitted)).first?.remedy == "sudo lxcfsctl doctor")
        #expect(DaemonCheck().examine(.without(.withSystemd(), .timedOut)).first?.remedy == "journalctl -u lxcfs")
        #expect(DaemonCheck().examine(.without(.bare(), .timedOut)).first?.remedy?.contains("journalctl") == false)
    }

    @Test func namesSystemdsCommandsWhereItRunsAndNowhereElse() {
        let dead = "50 1 0:50 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n"
        for host in [ScriptedHost.bare(), .withSystemd()] {
            let isSystemds = host.folders["/run/systemd"] != nil
            host.mountinfo += dead
            for probe in [Probe.dead, .silent] {
                host.probes["/var/lib/lxcfs"] = probe
                let remedies = Doctor.findings(.without(host)).compactMap(\.remedy)
                #expect(remedies.contains { $0.contains("systemctl") } == isSystemds, "\(remedies)")
                #expect(remedies.contains { $0.contains("lxcfs /var/lib/lxcfs &") } != isSystemds, "\(remedies)")
            }
        }
        var status = GetStatus.Reply.well()
        status.mount.isAlive = false
        #expect(
            complaints(MountCheck(), .with(.serving(), status)).map(\.remedy) == [
                "kill 10; sleep 1; lxcfs /var/lib/lxcfs & sleep 1; lxcfsctl repair"
            ])
    }

    @Test func repeatsTheDaemonsOwnProblems() {
        var status = GetStatus.Reply.well()
        status.problems = [Problem(text: "Something is wrong.", remedy: "do this")]
        status.virtualization = false
        let findings = complaints(DaemonCheck(), .with(.serving(), status))
        #expect(findings.map(\.remedy) == ["do this"], "what the daemon tells is told once")
        #expect(findings.first?.text == "Something is wrong")
    }

    @Test func knowsWhetherTheInstalledProgramRuns() {
        #expect(VersionCheck().examine(.with(.serving())).map(\.level) == [.ok])
        var status = GetStatus.Reply.well()
        status.program.onDisk = .replaced
        #expect(VersionCheck().examine(.with(.serving(), status)).isEmpty, "the daemon says so itself")
        status = .well()
        status.version = "0.0.9"
        #expect(complaints(VersionCheck(), .with(.serving(), status)).map(\.level) == [.note])
    }

    @Test func namesWhatTheKernelLacks() {
        var status = GetStatus.Reply.well()
        status.features[0].isPresent = false
        let findings = complaints(KernelCheck(), .with(.serving(), status))
        #expect(findings.map(\.text) == ["resend is missing: Answers what a dead worker left"])
    }

    @Test func missesTheDeviceTheModuleAndTheLibrary() {
        let host = ScriptedHost.bare()
        host.folders = [:]
        #expect(complaints(FUSECheck(), .without(host)).map(\.remedy) == ["apt-get install libfuse3-3"])
        host.probes["open /dev/fuse"] = .failed("EPERM")
        #expect(complaints(FUSECheck(), .without(host)).map(\.level) == [.fault, .fault])
        host.texts["/proc/filesystems"] = "nodev\ttmpfs\nnodev\tfuseblk\n"
        #expect(complaints(FUSECheck(), .without(host)).map(\.remedy).first == "modprobe fuse")
        host.probes["/dev/fuse"] = nil
        #expect(complaints(FUSECheck(), .without(host)).first?.text == "There is no /dev/fuse")
    }

    @Test func anAliveDaemonsDevicesAreNotOpened() {
        let host = ScriptedHost.serving()
        host.probes["open /dev/fuse"] = nil
        host.folders = [:]
        #expect(complaints(FUSECheck(), .with(host)).isEmpty)
    }
}

@Suite("lxcfsctl doctor and mounts")
struct DoctorMountTests {
    private let dead = "40 1 0:40 / /var/lib/lxcfs rw shared:3 - fuse.lxcfs lxcfs rw\n"

    private func complaints(_ check: some Check, _ scene: Scene) -> [Finding] { check.examine(scene).filter { $0.level != .ok } }

    @Test func knowsADeadAMuteAndAStrangersMount() {
        let host = ScriptedHost.bare()
        host.mountinfo += dead
        host.probes["/var/lib/lxcfs"] = .dead
        #expect(complaints(MountCheck(), .without(host)).map(\.level) == [.fault])
        #expect(complaints(MountCheck(), .without(host)).first?.text.contains("Transport endpoint") == true)
        host.probes["/var/lib/lxcfs"] = .silent
        #expect(complaints(MountCheck(), .without(host)).first?.text.contains("does not answer") == true)
        host.probes["/var/lib/lxcfs"] = .exists(mode: 0o040755, owner: 0, group: 0)
        #expect(complaints(MountCheck(), .without(host)).map(\.level) == [.warning])
        #expect(complaints(MountCheck(), .without(host, .notPermitted)).isEmpty, "whose it is cannot be known")
    }

    @Test func aMountOfARunningDaemonIsNotTouched() {
        let host = ScriptedHost.serving()
        #expect(complaints(MountCheck(), .with(host)).isEmpty)
        #expect(host.probed.isEmpty)
    }

    @Test func believesTheDaemonThatItsMountIsDead() {
        var status = GetStatus.Reply.well()
        status.mount.isAlive = false
        #expect(complaints(MountCheck(), .with(.serving(), status)).map(\.level) == [.fault])
    }

    @Test func seesThatItLooksFromElsewhere() {
        let findings = complaints(MountCheck(), .with(.bare()))
        #expect(findings.map(\.remedy) == ["nsenter -t 10 -m lxcfsctl doctor"])
    }

    @Test func saysFirstWhatToDoAboutWhoElseServesTheMountPoint() {
        let stop = "kill 30; sleep 1; lxcfs /var/lib/lxcfs & sleep 1; lxcfsctl repair"
        let install = "install this lxcfs in its place (Documentation/installing.md), then: "
        let unknown = "stop that daemon and start this one, or if it has another socket: lxcfsctl doctor --socket PATH"
        let runs: [(words: String, maps: String?, remedy: String)] = [
            ("lxcfs /var/lib/lxcfs", "7f00 r-xp /usr/lib/x86_64-linux-gnu/lxcfs/liblxcfs.so\n", install + stop),
            ("lxcfs /var/lib/lxcfs", "7f00 r-xp /usr/bin/lxcfs\n", stop),
            ("lxcfs --control-socket none /var/lib/lxcfs", "", stop),
            ("lxcfs --control-socket /run/x.sock /var/lib/lxcfs/", "", "lxcfsctl doctor --socket /run/x.sock"),
            ("lxcfs --control-socket=/run/x.sock /var/lib/lxcfs", "", "lxcfsctl doctor --socket /run/x.sock"),
            ("lxcfs --runtime-dir=/run/x /var/lib/lxcfs", "", "lxcfsctl doctor --socket /run/x/lxcfs/control.sock"),
            ("lxcfs /elsewhere", "", unknown), ("lxcfs /var/lib/lxcfs", nil, unknown),
        ]
        for (words, maps, remedy) in runs {
            let host = host(serving: words, maps)
            #expect(complaints(MountCheck(), .without(host)).map(\.remedy) == [remedy], "\(words)")
            #expect(Doctor.findings(.without(host)).first?.remedy == remedy, "\(words)")
        }
    }

    /// A process that serves the mount point; one of its workers, which is not to be ended, comes before it.
    private func host(serving words: String, _ maps: String?) -> ScriptedHost {
        let host = ScriptedHost.bare()
        host.mountinfo += dead
        host.probes["/var/lib/lxcfs"] = .exists(mode: 0o040755, owner: 0, group: 0)
        host.folders["/proc"] = ["29", "30"]
        for pid in ["29", "30"] {
            host.texts["/proc/\(pid)/comm"] = "lxcfs\n"
            host.texts["/proc/\(pid)/cmdline"] = words.replacing(" ", with: "\0") + (pid == "29" ? "\0--worker\0" : "\0")
            host.texts["/proc/\(pid)/maps"] = maps
        }
        return host
    }

    @Test func theCProgramIsReplacedAsItsServiceWhereSystemdRuns() {
        let host = host(serving: "lxcfs /var/lib/lxcfs", "7f00 r-xp /usr/lib/liblxcfs.so\n")
        host.folders["/run/systemd"] = ["system"]
        let finding = complaints(MountCheck(), .without(host)).first
        #expect(finding?.text == "The mount at /var/lib/lxcfs is served by the C program lxcfs (process 30)")
        #expect(finding?.remedy == "install this lxcfs in its place (Documentation/installing.md), then: systemctl restart lxcfs")
        host.texts["/proc/30/maps"] = nil
        host.isRoot = false
        #expect(complaints(MountCheck(), .without(host)).map(\.remedy) == ["sudo lxcfsctl doctor"])
    }

    @Test func countsMountsOnTopOfOneAnother() {
        let host = ScriptedHost.serving()
        host.mountinfo = dead.replacing("0:40", with: "0:39") + host.mountinfo
        #expect(complaints(MountCheck(), .with(host)).map(\.level) == [.warning])
    }

    @Test func notesAMountThatIsNotShared() {
        var status = GetStatus.Reply.well()
        status.mount.isShared = false
        #expect(complaints(MountCheck(), .with(.serving(), status)).map(\.remedy) == ["mount --make-shared /var/lib/lxcfs"])
    }

    @Test func tellsOtherMountsOfLxcfsOnceEach() {
        let host = ScriptedHost.serving()
        host.mountinfo += """
            51 1 0:51 /proc/stat /other/stat rw - fuse.lxcfs lxcfs rw
            52 1 0:51 / /other rw - fuse.lxcfs lxcfs rw
            53 1 0:53 / /gone rw - fuse.lxcfs lxcfs rw
            54 1 0:40 /proc/stat /own rw - fuse.lxcfs lxcfs rw

            """
        host.probes = ["/other": .exists(mode: 0o040755, owner: 0, group: 0), "/gone": .dead]
        let findings = complaints(OtherMountsCheck(), .with(host))
        #expect(findings.map(\.level) == [.note, .warning])
        #expect(findings.first?.text == "Another lxcfs serves /other")
        #expect(findings.dropFirst(1).first?.remedy == "umount -l /gone")
    }

    @Test func knowsASecondDaemonOfTheSameFolder() {
        let host = ScriptedHost.serving()
        host.folders["/proc"] = ["10", "11", "77", "78", "79", "self"]
        for pid in ["10", "11", "77", "78"] { host.texts["/proc/\(pid)/comm"] = "lxcfs\n" }
        for pid in ["10", "11", "77"] { host.texts["/proc/\(pid)/cmdline"] = "/usr/bin/lxcfs\0-f\0/var/lib/lxcfs/\0" }
        host.texts["/proc/78/cmdline"] = "lxcfs\0/elsewhere\0"
        host.texts["/proc/79/comm"] = "bash\n"
        #expect(complaints(OtherMountsCheck(), .with(host)).map(\.text) == ["A second lxcfs, process 77, was started for /var/lib/lxcfs"])
    }

    @Test func findsWhatDockerdHasMadeInPlaceOfFiles() {
        let host = ScriptedHost.bare()
        host.folders["/var/lib/lxcfs/proc"] = ["meminfo", "note.txt", "stat"]
        for name in ["meminfo", "stat"] { host.probes["/var/lib/lxcfs/proc/" + name] = .exists(mode: 0o040755, owner: 0, group: 0) }
        host.probes["/var/lib/lxcfs/proc/note.txt"] = .exists(mode: 0o100644, owner: 0, group: 0)
        let findings = complaints(LeftoversCheck(), .without(host))
        #expect(findings.count == 1)
        #expect(findings.first?.remedy?.hasPrefix("rmdir /var/lib/lxcfs/proc/meminfo /var/lib/lxcfs/proc/stat;") == true)
        host.mountinfo += dead
        #expect(LeftoversCheck().examine(.without(host)).isEmpty)
    }

    @Test func findsContainersWithDeadMountsAndAsksEachFileSystemOnce() {
        let host = ScriptedHost.serving()
        host.folders["/proc"] = ["1", "200", "201", "300", "400", "stat"]
        host.links = [
            "/proc/self/ns/mnt": "mnt:[1]", "/proc/1/ns/mnt": "mnt:[1]", "/proc/200/ns/mnt": "mnt:[2]", "/proc/201/ns/mnt": "mnt:[2]",
            "/proc/300/ns/mnt": "mnt:[3]", "/proc/400/ns/mnt": "mnt:[4]",
        ]
        let meminfo = { (device: String) in "9 1 \(device) /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n" }
        host.texts["/proc/200/mountinfo"] = meminfo("0:40")
        host.texts["/proc/201/mountinfo"] = meminfo("0:39")
        host.texts["/proc/300/mountinfo"] = meminfo("0:39") + "9 1 0:39 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n"
        host.texts["/proc/400/mountinfo"] = meminfo("0:39")
        host.probes["/proc/300/root/proc/meminfo"] = .dead
        let findings = ContainersCheck().examine(.with(host))
        #expect(findings.map(\.remedy) == ["lxcfsctl repair"])
        #expect(findings.first.map { $0.text.hasPrefix("2 containers") && $0.text.contains("300, 400") } == true)
        #expect(host.probed == ["/proc/300/root/proc/meminfo"])
        host.probes = ["/proc/300/root/proc/meminfo": .exists(mode: 0o100444, owner: 0, group: 0)]
        #expect(ContainersCheck().examine(.with(host)).map(\.level) == [.ok])
        host.isRoot = false
        #expect(ContainersCheck().examine(.with(host)).map(\.level) == [.note])
    }

    @Test func looksAtWhoMayOpenTheSocket() {
        let host = ScriptedHost.serving()
        #expect(SocketCheck().examine(.with(host)).first?.text.contains("mode 660 and group lxcfs") == true)
        host.probes["/run/lxcfs/control.sock"] = .exists(mode: 0o140666, owner: 0, group: 0)
        #expect(complaints(SocketCheck(), .with(host)).map(\.remedy) == ["chmod o= /run/lxcfs/control.sock"])
        host.probes["/run/lxcfs/control.sock"] = .exists(mode: 0o140660, owner: 5, group: 0)
        #expect(complaints(SocketCheck(), .with(host)).map(\.level) == [.warning])
        host.probes["/run/lxcfs/control.sock"] = .exists(mode: 0o100660, owner: 0, group: 0)
        #expect(complaints(SocketCheck(), .with(host)).map(\.level) == [.fault])
    }
}
