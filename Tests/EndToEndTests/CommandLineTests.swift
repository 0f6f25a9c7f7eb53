internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    @Suite("The command line")
    struct CommandLine {
        private func lxcfs(_ arguments: [String]) throws -> CommandResult {
            try Command.run([LXCFSProcess.binary] + arguments, seconds: 15)
        }

        @Test(arguments: ["--help", "-h"])
        func helpGoesToStandardOutputWithStatus0(option: String) throws {
            let result = try lxcfs([option])
            #expect(result.succeeded && result.errors.isEmpty, "\(result)")
            for name in ["--pidfile", "--disable-swap", "--disable-cgroup", "--enable-loadavg", "--enable-cfs", "--version"] {
                #expect(result.output.contains(name), "\(name)")
            }
        }

        @Test(arguments: ["--version", "-v"])
        func versionGoesToStandardOutputWithStatus0(option: String) throws {
            let result = try lxcfs([option])
            #expect(result.succeeded && result.errors.isEmpty, "\(result)")
            #expect(result.output.contains(".") && result.output.split(separator: "\n").count == 1, "\(result.output)")
        }

        @Test func anUnknownOptionIsRefused() throws {
            let result = try lxcfs(["--no-such-option", "/mnt"])
            #expect(result.end != .exited(0) && result.end != .timedOut && result.output.isEmpty, "\(result)")
            #expect(result.errors.contains("no-such-option"), "\(result)")
        }

        @Test func aMissingMountPointIsRefused() throws {
            for arguments in [[], ["/var/empty/no/such/folder"], ["/tmp", "/tmp"]] {
                let result = try lxcfs(["-p", "/tmp/lxcfs-test-\(getpid())-unused.pid"] + arguments)
                #expect(result.end != .exited(0) && result.end != .timedOut, "\(arguments): \(result)")
                #expect(!result.errors.isEmpty)
            }
        }

        @Test func withoutRootItSaysSo() throws {
            let folder = try TemporaryFolder()
            let result = try Command.run(
                [
                    "setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", LXCFSProcess.binary, "-p", folder.path + "/p",
                    folder.path,
                ],
                seconds: 15)
            #expect(result.end != .exited(0) && result.end != .timedOut, "\(result)")
            #expect(result.errors.contains("root"), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "one sentence: \(result.errors)")
        }

        @Test func theOldOptionsAreAccepted() throws {
            let daemon = try LXCFSProcess(
                [
                    "-f", "-s", "-l", "--enable-cfs", "--enable-pidfd", "--enable-cgroup", "--disable-cgroup", "-o", "nonempty",
                    "-oallow_other,ro", "-fl", "-u",
                ])
            #expect(daemon.stop() == .exited(0), "\(daemon.command.errorsSoFar)")
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
        func aSignalUnmountsAndEndsItWithStatus0(signal: Int32) throws {
            let daemon = try LXCFSProcess()
            #expect(Machine.read(daemon.pidFile) == "\(daemon.command.pid)\n")
            daemon.command.signal(signal)
            #expect(daemon.command.wait(seconds: 15) == .exited(0), "\(daemon.command.errorsSoFar)")
            #expect(!LXCFSProcess.isMounted(daemon.mountPoint))
            #expect(!Machine.exists(daemon.pidFile))
        }

        @Test func aSignalEndsItWhileAFileIsOpen() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint)
            let holder = try container.start(["sh", "-c", "exec < /proc/meminfo; echo open; exec sleep 1000"])
            #expect(Machine.wait(10) { holder.outputSoFar == "open\n" })
            #expect(daemon.stop() == .exited(0), "\(daemon.command.errorsSoFar)")
            holder.kill()
        }

        @Test func aSecondInstanceFailsAndLeavesThePIDFile() throws {
            let daemon = try LXCFSProcess()
            let folder = try TemporaryFolder()
            let second = try lxcfs(["-p", daemon.pidFile, folder.path])
            #expect(second.end != .exited(0) && second.end != .timedOut, "\(second)")
            #expect(second.errors.contains(daemon.pidFile), "\(second)")
            #expect(Machine.read(daemon.pidFile) == "\(daemon.command.pid)\n")
            #expect(!LXCFSProcess.isMounted(folder.path))
            #expect(LXCFSProcess.isServing(daemon.mountPoint))
            #expect(daemon.stop() == .exited(0))
        }

        @Test func theDeadMountOfAKilledOneIsReplaced() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder)
            first.command.kill()
            #expect(LXCFSProcess.isMounted(first.mountPoint) && !Machine.exists(first.mountPoint + "/proc"), "it is dead and there")
            let second = try LXCFSProcess(in: folder)
            #expect(LXCFSProcess.isServing(second.mountPoint))
            let mounts = (Machine.read("/proc/self/mountinfo") ?? "").split(separator: "\n").filter { $0.contains(" \(first.mountPoint) ") }
            #expect(mounts.count == 1, "\(mounts)")
            #expect(second.stop() == .exited(0))
        }

        @Test func closedStandardStreamsAreNotMistakenForItsFiles() throws {
            let folder = try TemporaryFolder()
            let mountPoint = folder.path + "/mnt"
            mkdir(mountPoint, 0o755)
            let pidFile = folder.path + "/lxcfs.pid"
            let daemon = try Command(
                ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh", LXCFSProcess.binary, "-p", pidFile] + LXCFSProcess.options + [mountPoint])
            #expect(Machine.wait(15) { LXCFSProcess.isServing(mountPoint) })
            daemon.signal(SIGUSR2)
            #expect(Machine.read(pidFile) == "\(daemon.pid)\n", "no log line is in it")
            daemon.signal(SIGTERM)
            #expect(daemon.wait(seconds: 15) == .exited(0))
        }

        @Test func nobodyWaitsForALogThatNobodyReads() throws {
            let folder = try TemporaryFolder()
            let mountPoint = folder.path + "/mnt"
            mkdir(mountPoint, 0o755)
            let program = """
                import fcntl, os, signal, subprocess, sys, time
                reader, writer = os.pipe()
                os.set_blocking(writer, False)
                try:
                    while True: os.write(writer, b"x" * 512)
                except BlockingIOError: pass
                os.set_blocking(writer, True)
                daemon = subprocess.Popen(sys.argv[2:], stderr=writer)
                while not os.path.exists(sys.argv[1] + "/proc/meminfo"): time.sleep(0.02)
                for _ in range(2):
                    daemon.send_signal(signal.SIGUSR2)
                    time.sleep(0.2)
                open(sys.argv[1] + "/proc/meminfo").read()
                daemon.terminate()
                sys.exit(daemon.wait())
                """
            let command = ["/usr/bin/python3", "-c", program, mountPoint, LXCFSProcess.binary, "-p", folder.path + "/lxcfs.pid"]
            let result = try Command.run(command + LXCFSProcess.options + [mountPoint], seconds: 20)
            #expect(result.succeeded, "\(result)")
        }

        @Test func withFewDescriptorsEveryContainerStillSeesItsOwn() throws {
            let daemon = try LXCFSProcess()
            let limit = try Command.run(["prlimit", "--pid", "\(try #require(daemon.worker))", "--nofile=72:72"])
            #expect(limit.succeeded, "\(limit)")
            let cgroups = try (1...24).map { try TestCgroup(Limits(memory: UInt64($0) << 26)) }
            for _ in 0..<2 {
                for (index, cgroup) in cgroups.enumerated() {
                    let text = try Command.run(["sh", "-c", "\(TestContainer.joinScript(cgroup))\ncat \(daemon.mountPoint)/proc/meminfo"])
                    #expect(Machine.field("MemTotal", of: text.output) == UInt64(index + 1) << 16, "\(text)")
                }
            }
            #expect(daemon.stop() == .exited(0))
        }

        @Test func theMountIsWhatEveryoneLooksFor() throws {
            let mountPoint = try Bench.mountPoint()
            let line = try #require(
                (Machine.read("/proc/self/mountinfo") ?? "").split(separator: "\n").first { $0.contains(" \(mountPoint) ") })
            #expect(line.contains(" - fuse.lxcfs lxcfs ") && line.contains("allow_other"), "\(line)")
            #expect(line.contains("nosuid") && line.contains("nodev") && line.contains("shared:"), "\(line)")
            #expect(Set(Machine.names(in: mountPoint)).isSuperset(of: ["proc", "sys"]))
            let result = try Command.run(["df", mountPoint])
            #expect(result.succeeded, "\(result)")
        }
    }

    @Suite("SIGUSR2")
    struct Virtualization {
        @Test func showsTheHostAndTheContainerInTurn() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory, cpus: 1), mountPoint: daemon.mountPoint)
            for expected in [Bench.memory, Machine.memory, Bench.memory] {
                let shown = Machine.wait(5) {
                    (try? container.read("/proc/meminfo")).flatMap { Machine.field("MemTotal", of: $0) } == expected / 1024
                }
                #expect(shown, "\(expected)")
                let listing = try container.shell(
                    "ls \(daemon.mountPoint) \(daemon.mountPoint)/proc /sys/devices/system/cpu | tr '\\n' ' '")
                for name in ["proc", "sys", "meminfo", "stat", "online"] { #expect(Machine.words(listing).contains(name), "\(listing)") }
                let stat = try container.read("/proc/stat")
                let count = expected == Bench.memory ? 1 : Machine.cpus.count
                #expect(cpuNames(inStat: stat).count == count)
                #expect(try Machine.numbers(inList: container.read("/sys/devices/system/cpu/online")).count == count)
                daemon.command.signal(SIGUSR2)
            }
            #expect(daemon.stop() == .exited(0))
        }
    }
}
