internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    @Suite("Who is asking")
    struct Identity {
        private func total(_ text: String) -> UInt64? { Machine.field("MemTotal", of: text).map { $0 * 1024 } }

        @Test func aCallerInTheRootCgroupsSeesTheHost() throws {
            let root = try Bench.mountPoint()
            let join = CgroupMounts.all.map { "echo 0 > \($0.mountPoint)/cgroup.procs || exit 1" }.joined(separator: "\n")
            let text = try Command.run(["sh", "-c", "\(join)\ncat \(root)/proc/meminfo \(root)/proc/stat"])
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Machine.memory)
            #expect(cpuNames(inStat: text.output) == Machine.cpus.map { "cpu\($0)" })
            #expect(numbers(of: "intr", in: text.output).count > 1, "the host's own interrupts")
        }

        @Test func withTheHostsPIDsItIsTheCallersCgroup() throws {
            let container = try Bench.container(Limits(memory: Bench.memory), namespaces: .hostPIDs)
            #expect(total(try container.read("/proc/meminfo")) == Bench.memory)
        }

        @Test func withACgroupNamespaceItIsTheSameContainer() throws {
            let container = try Bench.container(Limits(memory: Bench.memory), namespaces: .ownWithCgroups)
            #expect(total(try container.read("/proc/meminfo")) == Bench.memory)
        }

        @Test func inASharedPIDNamespaceEachSeesItsOwnCgroup() throws {
            let first = try Bench.container(Limits(memory: Bench.memory))
            let second = try TestCgroup(Limits(memory: Bench.memory * 2))
            // A process of the second cgroup joins the namespaces of the first container: --pid container:X.
            let script = "\(TestContainer.joinScript(second))\nexec nsenter -t \(first.pid) --mount --uts --pid -- cat /proc/meminfo"
            let text = try Command.run(["sh", "-c", script])
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Bench.memory * 2)
            #expect(total(try first.read("/proc/meminfo")) == Bench.memory)
        }

        @Test func aNestedPIDNamespaceInsideIsTheSameContainer() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1))
            let text = try container.shell("unshare --pid --fork cat /proc/meminfo /proc/stat")
            #expect(total(text) == Bench.memory)
            #expect(cpuNames(inStat: text).count == 1)
        }

        @Test func aCgroupBelowTheContainersIsTheContainer() throws {
            // systemd in a container puts every service into a cgroup below the container's own.
            let container = try Bench.container(Limits(memory: Bench.memory))
            let service = try TestCgroup(below: container.cgroup, name: "service", delegates: false)
            let script = "\(TestContainer.joinScript(service))\nexec nsenter -t \(container.pid) --mount --uts --pid -- cat /proc/meminfo"
            let text = try Command.run(["sh", "-c", script])
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Bench.memory)
        }

        @Test(arguments: ["a b", "a\\040b", "x (deleted)", "\u{301}accent", "e\u{301}", String(repeating: "n", count: 200)])
        func aCgroupMayHaveAnyName(name: String) throws {
            let parent = try TestCgroup(delegates: false, Limits(memory: Bench.memory))
            let cgroup = try TestCgroup(below: parent, name: name, delegates: false)
            // The script would have to quote the name: Python joins the cgroups.
            let program = """
                import sys
                for f in sys.argv[2:]: open(f, "w").write("0")
                print(open(sys.argv[1] + "/proc/meminfo").read())
                """
            let text = try Command.run(
                ["/usr/bin/python3", "-c", program, Bench.mountPoint()] + cgroup.processFiles, environment: ["PYTHONUTF8=1"])
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Bench.memory)
        }

        @Test func aContainerThatMakesThousandsOfLevelsIsServedAsOne() throws {
            let cgroup = try TestCgroup(Limits(memory: Bench.memory))
            let program = """
                import os, sys
                top = os.open(sys.argv[2], os.O_RDONLY)
                levels = [top]
                def put(fd):
                    f = os.open("cgroup.procs", os.O_WRONLY, dir_fd=fd)
                    os.write(f, b"0")
                    os.close(f)
                try:
                    for _ in range(900):
                        os.mkdir("d", dir_fd=levels[-1])
                        levels.append(os.open("d", os.O_RDONLY, dir_fd=levels[-1]))
                    put(levels[-1])
                    print(open(sys.argv[1] + "/proc/meminfo").read(), open(sys.argv[1] + "/proc/loadavg").read())
                finally:
                    put(os.open(sys.argv[3], os.O_RDONLY))
                    while len(levels) > 1:
                        os.close(levels.pop())
                        os.rmdir("d", dir_fd=levels[-1])
                """
            let memory = try #require(CgroupMounts.hierarchy(of: "memory"))
            let text = try Command.run(
                ["/usr/bin/python3", "-c", program, Bench.mountPoint(), cgroup.directory(in: memory), memory.mountPoint], seconds: 60)
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Bench.memory)
        }

        @Test func anInitWhoseFirstThreadHasEndedIsStillInItsContainer() throws {
            let cgroup = try TestCgroup(Limits(memory: Bench.memory))
            let program = """
                import ctypes, os, sys, threading, time
                def read():
                    while open("/proc/self/status").read().split("State:")[1].split()[0] != "Z": time.sleep(0.02)
                    print(open(sys.argv[1] + "/proc/meminfo").read(), flush=True)
                    os._exit(0)
                threading.Thread(target=read).start()
                ctypes.CDLL(None).syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)
                """
            let script = "\(TestContainer.joinScript(cgroup))\nexec unshare -pf --mount-proc /usr/bin/python3 -c \"$0\" \"$1\""
            let text = try Command.run(["sh", "-c", script, program, Bench.mountPoint()])
            #expect(text.succeeded, "\(text)")
            #expect(total(text.output) == Bench.memory)
        }

        @Test func aCgroupThatWasMadeAgainIsANewOne() throws {
            let name = "lxcfs-test-\(getpid())-999001"
            for factor: UInt64 in [1, 2, 3] {
                let cgroup = try TestCgroup(name: name, Limits(memory: Bench.memory * factor))
                let container = try Bench.container(cgroup: cgroup)
                #expect(total(try container.read("/proc/meminfo")) == Bench.memory * factor)
                container.stop()
                cgroup.remove()
            }
        }

        @Test func aContainerThatStartsAgainStartsItsUptimeAgain() throws {
            let cgroup = try TestCgroup(Limits(memory: Bench.memory))
            // The kernel gives the second pid namespace the number that the first one had.
            for _ in 0..<2 {
                let start = Machine.now
                let container = try Bench.container(cgroup: cgroup)
                Machine.pause(2)
                let uptime = try #require(Machine.words(try container.read("/proc/uptime")).first.flatMap { Double($0) })
                // Start times are in hundredths of a second, rounded down.
                let elapsed = Machine.now - start + 0.02
                #expect(uptime >= 2 && uptime <= elapsed, "up \(uptime) s, made \(elapsed) s ago")
                container.stop()
            }
        }
    }

    @Suite("Limits")
    struct LimitsOfAncestors {
        @Test func memoryIsTheSmallestOfAllAncestors() throws {
            let top = try TestCgroup(Limits(memory: Bench.memory * 2))
            let middle = try TestCgroup(below: top, name: "middle", Limits(memory: Bench.memory))
            let bottom = try TestCgroup(below: middle, name: "bottom", Limits(memory: Bench.memory * 4))
            let container = try Bench.container(cgroup: bottom)
            #expect(Machine.field("MemTotal", of: try container.read("/proc/meminfo")) == Bench.memory / 1024)
        }

        @Test func quotaOfAnAncestorCounts() throws {
            let top = try TestCgroup(Limits(cpus: 1))
            let bottom = try TestCgroup(below: top, name: "bottom", Limits())
            let container = try Bench.container(cgroup: bottom)
            #expect(cpuNames(inStat: try container.read("/proc/stat")) == ["cpu\(Machine.cpus[0])"])
            #expect(try container.read("/sys/devices/system/cpu/online") == "\(Machine.cpus[0])\n")
        }

        @Test func cpusetOfAnAncestorCounts() throws {
            let last = Machine.cpus[Machine.cpus.count - 1]
            let top = try TestCgroup(Limits(cpuset: "\(last)"))
            let bottom = try TestCgroup(below: top, name: "bottom", Limits())
            let container = try Bench.container(cgroup: bottom)
            #expect(cpuNames(inStat: try container.read("/proc/stat")) == ["cpu\(last)"])
        }

        @Test func aChangeIsSeenAtTheNextReadFromTheStartOfAnOpenFile() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1))
            let program = """
                import os, sys
                m = os.open('/proc/meminfo', os.O_RDONLY); s = os.open('/proc/stat', os.O_RDONLY)
                for turn in range(2):
                    os.lseek(m, 0, 0); os.lseek(s, 0, 0)
                    text = os.read(s, 65536)
                    print(os.read(m, 65536).split()[1].decode(), text.count(b'cpu') - 1, flush=True)
                    sys.stdin.read(1) if turn == 0 else None
                """
            let reader = try container.start(["/usr/bin/python3", "-c", program], holdsInput: true)
            #expect(Machine.wait(20) { reader.outputSoFar.contains("\n") })
            try container.cgroup.set(Limits(memory: Bench.memory * 2, cpus: Double(Machine.cpus.count)))
            reader.send("x")
            #expect(reader.wait(seconds: 20) == .exited(0), "\(reader.errorsSoFar)")
            #expect(reader.outputSoFar == "\(Bench.memory / 1024) 1\n\(Bench.memory * 2 / 1024) \(Machine.cpus.count)\n")
        }

        @Test func aLimitBelowTheUsageWrapsNothing() throws {
            // File pages can be reclaimed, so the kernel accepts the lower limit.
            let container = try Bench.container(Limits(memory: Bench.memory))
            _ = try container.shell(
                "head -c 100000000 /dev/zero > /var/tmp/lxcfs-test-\(container.pid); sync; rm /var/tmp/lxcfs-test-\(container.pid)")
            try container.cgroup.set(Limits(memory: 32 << 20))
            let text = try container.read("/proc/meminfo")
            let total = try #require(Machine.field("MemTotal", of: text))
            #expect(total == 32 << 10)
            for label in ["MemFree", "MemAvailable", "Buffers"] { #expect((Machine.field(label, of: text) ?? .max) <= total, "\(text)") }
            for line in text.split(separator: "\n") {
                let value = Machine.words(line).dropFirst().first.flatMap { UInt64($0) }
                #expect((value ?? 0) < 1 << 50, "\(line)")
            }
        }
    }
}
