import Glibc
import LXCFSControl
import TestContainers
import Testing

extension EndToEnd {
    /// Into containers that run already, and had no lxcfs when they were started.
    @Suite("Attach, detach, repair")
    struct Attaching {
        static let same: Comment = "the same on every machine"

        /// Calls a method of a daemon as root.
        static func call<Method: ControlMethod>(_ method: Method.Type, _ parameters: Method.Parameters, of daemon: LXCFSProcess) throws
            -> Method.Reply
        {
            // The keeper's listening socket is there before the worker that accepts.
            let reply = try TestContainers.ControlSocket.call(Message.call(method, parameters).dropLast(), at: daemon.controlSocket)
            return try Message.result(of: reply, method).reply
        }

        /// A container without a mount of ours.
        static func bare(
            _ namespaces: ContainerNamespaces = .own, _ limits: Limits = Limits(memory: Bench.memory, cpus: 1), script: String = ""
        ) throws -> TestContainer {
            try TestContainer(limits, mountPoint: "/nonexistent", namespaces: namespaces, script: script)
        }

        static func total(_ container: TestContainer) throws -> UInt64? {
            Machine.field("MemTotal", of: try container.read("/proc/meminfo")).map { $0 * 1024 }
        }

        /// Its lines of mountinfo that are of lxcfs, below /proc and /sys: where daemons have their mount points it has what the host had.
        static func mounts(_ pid: Int32) -> [Substring] {
            (Machine.read("/proc/\(pid)/mountinfo") ?? "").split(separator: "\n").filter {
                $0.contains(" - fuse.lxcfs ") && ($0.contains(" /proc/") || $0.contains(" /sys/"))
            }
        }

        static func outcomes(_ targets: [Target]) -> Set<String> { Set(targets.map { "\($0.outcome) \($0.reason ?? "")" }) }

        private func attach(_ container: TestContainer, _ files: [String]? = nil) throws -> [Target] {
            try Attaching.call(Attach.self, .init(pid: Int64(container.pid), files: files), of: Bench.daemon()).targets
        }

        private func detach(_ container: TestContainer, _ files: [String]? = nil) throws -> [Target] {
            try Attaching.call(Detach.self, .init(pid: Int64(container.pid), files: files), of: Bench.daemon()).targets
        }

        // MARK: - In and out

        /// On an emulated processor the two that differ most.
        private static let namespaces: [ContainerNamespaces] =
            Machine.isVirtual ? [.own, .ownWithUsers] : [.own, .ownWithCgroups, .hostPIDs, .ownWithUsers]

        @Test(arguments: namespaces)
        func aRunningContainerGetsItsOwnValuesAndGivesThemBack(namespaces: ContainerNamespaces) throws {
            let container = try Attaching.bare(namespaces)
            #expect(try Attaching.total(container) == Machine.memory)
            let listed = try Attaching.call(ListMounts.self, .init(pid: Int64(container.pid)), of: Bench.daemon())
            #expect(Set(listed.mounts.map(\.state)) == [.absent])

            let targets = try attach(container)
            #expect(targets.map(\.file) == listed.mounts.map(\.file))
            #expect(Attaching.outcomes(targets) == ["mounted "], "\(targets)")
            #expect(try Attaching.total(container) == Bench.memory)
            #expect(cpuNames(inStat: try container.read("/proc/stat")).count == 1)
            #expect(try container.shell("ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l") == "1\n")
            // What runc refuses.
            let pages = numbers(of: "nr_free_pages", in: try container.read("/proc/vmstat")).first
            #expect((pages ?? .max) * 4096 <= Bench.memory)
            if Machine.exists("/proc/pressure/cpu") { #expect(try container.read("/proc/pressure/cpu").hasPrefix("some ")) }
            for line in Attaching.mounts(container.pid) {
                #expect(line.contains("nosuid,nodev,noexec") && line.contains("master:"), "\(line)")
            }

            #expect(Attaching.outcomes(try attach(container)) == ["present "])
            let again = try Attaching.call(ListMounts.self, .init(pid: Int64(container.pid)), of: Bench.daemon())
            #expect(Set(again.mounts.map(\.state)) == [.present])
            #expect(Attaching.mounts(container.pid).count == targets.count)

            #expect(Attaching.outcomes(try detach(container)) == ["removed "])
            #expect(try Attaching.total(container) == Machine.memory)
            #expect(Attaching.mounts(container.pid).isEmpty)
            #expect(Attaching.outcomes(try detach(container)) == ["skipped nothing of lxcfs is there"])
        }

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func whatARuntimeHadMountedIsPresentAndCanBeTakenOut() throws {
            let container = try Bench.container(Limits(memory: Bench.memory))
            #expect(Attaching.outcomes(try attach(container)) == ["present "])
            #expect(Attaching.outcomes(try detach(container, ["meminfo"])) == ["removed "])
            #expect(try Attaching.total(container) == Machine.memory)
            #expect(Attaching.outcomes(try detach(container)).isSubset(of: ["removed ", "skipped nothing of lxcfs is there"]))
            #expect(Attaching.mounts(container.pid).isEmpty)
        }

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func onlyTheFilesThatAreNamed() throws {
            let container = try Attaching.bare()
            #expect(try attach(container, ["/proc/meminfo", "uptime"]).map(\.destination) == ["/proc/meminfo", "/proc/uptime"])
            #expect(Attaching.mounts(container.pid).count == 2)
            let fault = #expect(throws: ControlFault.self) { try attach(container, ["zoneinfo"]) }
            #expect(fault?.isNamed("NoSuchFile") == true)
        }

        @Test(.enabled(if: RuncContainer.isInstalled, "not installed: apt-get install runc"))
        func aContainerOfRuncGetsWhatRuncRefuses() throws {
            let container = try RuncContainer(Limits(memory: Bench.memory), mountPoint: "/nonexistent")
            try container.whileRunning(["sleep", "600"]) { pid in
                let targets = try Attaching.call(Attach.self, .init(pid: Int64(pid)), of: Bench.daemon()).targets
                #expect(Attaching.outcomes(targets) == ["mounted "], "\(targets)")
                let text = try Command.run(["nsenter", "-t", "\(pid)", "-m", "-p", "cat", "/proc/vmstat"])
                #expect(text.succeeded && text.output.hasPrefix("nr_free_pages "), "\(text)")
            }
        }

        // MARK: - What is left alone

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func theHostAndWhoSeesItsMountsAreRefused() throws {
            let alone = try Command(["unshare", "--mount", "sleep", "600"])
            #expect(Machine.wait(10) { ProcessTable.arguments(of: alone.pid).first == "sleep" })
            let root = CgroupMounts.all.map { "echo \(alone.pid) > \($0.mountPoint)/cgroup.procs" }.joined(separator: " && ")
            #expect(try Command.run(["sh", "-c", root]).succeeded)
            for pid in [1, Int64(getpid()), Int64(try Bench.daemon().command.pid), Int64(alone.pid)] {
                let fault = #expect(throws: ControlFault.self) {
                    try Attaching.call(Attach.self, .init(pid: pid), of: Bench.daemon())
                }
                #expect(fault?.isNamed("NotAContainer") == true, "\(pid): \(fault?.name ?? "")")
            }
            for pid in [0, -1, Int64.max, 4_194_305] {
                let fault = #expect(throws: ControlFault.self) {
                    try Attaching.call(Attach.self, .init(pid: pid), of: Bench.daemon())
                }
                #expect(fault?.isNamed("NoSuchProcess") == true, "\(pid): \(fault?.name ?? "")")
            }
            #expect(Attaching.mounts(getpid()).isEmpty)
        }

        /// A mount namespace of its own whose mounts show on the host all the same.
        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func nothingIsMountedWhereItWouldShowOnTheHost() throws {
            let script = """
                mkdir -p "$1/host/proc" && mount -t tmpfs none "$1/host" && mount --make-shared "$1/host" && mkdir "$1/host/proc" || exit 1
                mount -t proc proc "$1/host/proc" && mount --make-shared "$1/host/proc" || exit 1
                """
            let folder = try TemporaryFolder()
            #expect(try Command.run(["sh", "-c", script, "sh", folder.path]).succeeded)
            defer { for name in ["/host/proc", "/host"] { umount2(folder.path + name, Int32(MNT_DETACH)) } }
            // A root in which /proc is the shared mount of the host.
            let cgroup = try TestCgroup(Limits(memory: Bench.memory))
            let inside = """
                \(TestContainer.joinScript(cgroup))
                exec unshare --mount --propagation unchanged /usr/bin/python3 -c \
                    'import os, sys, time; os.chroot(sys.argv[1]); print("ready", flush=True); time.sleep(600)' "$1/host"
                """
            let container = try Command(["sh", "-c", inside, "sh", folder.path])
            #expect(Machine.wait(10) { container.outputSoFar.contains("ready") }, "\(container.errorsSoFar)")
            let targets = try Attaching.call(Attach.self, .init(pid: Int64(container.pid), files: ["meminfo"]), of: Bench.daemon()).targets
            #expect(targets.map(\.outcome) == [.failed] && targets[0].reason?.contains("shared") == true, "\(targets)")
            #expect(!(Machine.read("/proc/self/mountinfo") ?? "").contains(folder.path + "/host/proc/meminfo"))
            container.kill()
        }

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func aContainerThatMakesItsOwnProcLeadsNowhere() throws {
            let container = try Attaching.bare(
                script: """
                    mkdir -p /tmp/lxcfs-hostile && mount -t tmpfs none /tmp/lxcfs-hostile && cd /tmp/lxcfs-hostile || exit 1
                    echo kept > target; mkdir real; echo kept > real/stat
                    mount -t tmpfs none /proc && cd /proc || exit 1
                    ln -s /tmp/lxcfs-hostile/target meminfo; ln -s /tmp/lxcfs-hostile/real pressure; echo mine > uptime; mkdir stat
                    """)
            let targets = try attach(container)
            let found = Dictionary(uniqueKeysWithValues: targets.map { ($0.file, $0) })
            #expect(found["proc/meminfo"]?.reason == "it is a symbolic link, which is not followed")
            #expect(found["proc/uptime"]?.reason == "tmpfs is there, not the kernel's own file")
            #expect(found["proc/stat"]?.outcome == .skipped)
            #expect(found["proc/cpuinfo"]?.reason == "the container has no such place")
            #expect(found["proc/pressure/cpu"].map { $0.outcome == .skipped } ?? true)
            #expect(targets.filter { $0.file.hasPrefix("proc/") && $0.outcome == .mounted }.isEmpty, "\(targets)")
            #expect(Attaching.mounts(container.pid).allSatisfy { $0.contains(" /sys/devices/") })
            rmdir("/tmp/lxcfs-hostile")
        }

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func aFileSystemThatNeverAnswersHoldsNobodyUp() throws {
            let container = try Attaching.bare()
            let hanging = try container.start(["/usr/bin/python3", "-c", Attaching.silentFileSystem, "/proc/meminfo", "/proc/stat"])
            #expect(Machine.wait(10) { hanging.outputSoFar.contains("mounted") }, "\(hanging.errorsSoFar)")
            let targets = try attach(container)
            for target in targets {
                let isHanging = ["proc/meminfo", "proc/stat"].contains(target.file)
                #expect((target.outcome == .failed) == isHanging, "\(target)")
                if isHanging { #expect(target.reason?.contains("answer") == true) }
            }
            // Nor does it hold up anybody else, or the daemon's end.
            let other = try Attaching.bare()
            #expect(Attaching.outcomes(try attach(other)) == ["mounted "])
            kill(try #require(Bench.daemon().worker), SIGKILL)
            #expect(try Bench.daemon().waitUntilSettled() != nil)
            #expect(try Attaching.total(other) == Bench.memory)
            hanging.kill()
            #expect(Machine.wait(10) { (try? attach(container).allSatisfy { $0.outcome == .present || $0.outcome == .replaced }) == true })
        }

        /// A FUSE file system that calls itself lxcfs, reads every request, and answers the first only.
        private static let silentFileSystem = """
            import ctypes, os, struct, sys
            libc = ctypes.CDLL(None, use_errno=True)
            files = []
            for path in sys.argv[1:]:
                fd = os.open("/dev/fuse", os.O_RDWR)
                data = f"fd={fd},rootmode=100444,user_id=0,group_id=0,allow_other".encode()
                if libc.mount(b"lxcfs", path.encode(), b"fuse.lxcfs", 0, data): sys.exit(os.strerror(ctypes.get_errno()))
                request = os.read(fd, 65536)
                unique = struct.unpack_from("<Q", request, 8)[0]
                body = struct.pack("<IIII", 7, 31, 65536, 0) + struct.pack("<HHIIHH", 0, 0, 65536, 1, 0, 0) + b"\\0" * 32
                os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
                files.append(fd)
            print("mounted", flush=True)
            import threading
            for fd in files:
                threading.Thread(target=lambda fd=fd: [os.read(fd, 1 << 20) for _ in iter(int, 1)]).start()
            """

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func aHundredTimesLeavesNothingBehind() throws {
            let container = try Attaching.bare()
            let worker = try #require(Bench.daemon().waitUntilSettled())
            func state() -> (descriptors: Int, threads: Int, children: Int) {
                (
                    Machine.names(in: "/proc/\(worker)/fd").count, Machine.names(in: "/proc/\(worker)/task").count,
                    Machine.names(in: "/proc/\(worker)/task").reduce(0) {
                        $0 + Machine.words(Machine.read("/proc/\(worker)/task/\($1)/children") ?? "").count
                    }
                )
            }
            _ = try attach(container)
            _ = try detach(container)
            let before = state()
            for _ in 0..<100 {
                #expect(Attaching.outcomes(try attach(container)) == ["mounted "])
                #expect(Attaching.outcomes(try detach(container)) == ["removed "])
            }
            let after = state()
            #expect(Attaching.mounts(container.pid).isEmpty)
            #expect(after.descriptors <= before.descriptors + 4, "\(before) \(after)")
            #expect(after.threads <= before.threads + 2, "\(before) \(after)")
            #expect(after.children == 0)
        }

        @Test(.enabled(if: !Machine.isVirtual, Attaching.same)) func aContainerThatEndsMeanwhileIsNoHarm() throws {
            for round in 0..<5 {
                let container = try Attaching.bare()
                let pid = Int64(container.pid)
                let ending = try Command(["sh", "-c", "sleep 0.00\(round); kill -9 \(pid)"])
                for _ in 0..<20 {
                    do {
                        _ = try Attaching.call(Attach.self, .init(pid: pid), of: Bench.daemon())
                        _ = try Attaching.call(Detach.self, .init(pid: pid), of: Bench.daemon())
                    } catch let fault as ControlFault {
                        #expect(fault.isNamed("NoSuchProcess") || fault.isNamed("NotAContainer"), "\(fault.name) \(fault.reason)")
                    }
                }
                _ = ending.wait()
            }
        }
    }
}
