internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// Many readers, many containers, and what they leave behind. LXCFS_TEST_LONG=1 asks for the long form: a minute of readers, 1000 containers.
    @Suite("Endurance", .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"))
    struct Endurance {
        static let isLong = Machine.environment("LXCFS_TEST_LONG") != nil

        /// What a container with these limits must read, by a program that prints what is wrong, and how often it read as its last line.
        private static let reader = """
            import os, re, sys, time
            seconds, total, cpus = float(sys.argv[1]), int(sys.argv[2]), [int(n) for n in sys.argv[3].split(',')]
            def read(path, step):
                fd = os.open(path, os.O_RDONLY); out = b''
                while True:
                    part = os.read(fd, step)
                    if not part: break
                    out += part
                os.close(fd); return out.decode()
            def ranges(text):
                numbers = []
                for part in text.strip().split(','):
                    ends = [int(n) for n in part.split('-')]; numbers += range(ends[0], ends[-1] + 1)
                return numbers
            checks = [
                ('/proc/meminfo', lambda t: int(re.search(r'MemTotal: +(\\d+) kB', t)[1]) == total and t.endswith('kB\\n')),
                ('/proc/cpuinfo', lambda t: [int(n) for n in re.findall(r'^processor\\s*: (\\d+)$', t, re.M)] == cpus),
                ('/proc/stat', lambda t: [int(n) for n in re.findall(r'^cpu(\\d+) ', t, re.M)] == cpus and 'softirq' in t),
                ('/sys/devices/system/cpu/online', lambda t: ranges(t) == cpus),
                ('/sys/devices/system/cpu/possible', lambda t: ranges(t) == cpus),
                ('/proc/uptime', lambda t: 0 <= float(t.split()[0]) < 3600 and len(t.split()) == 2),
                ('/proc/loadavg', lambda t: len(t.split()) == 5),
                ('/proc/swaps', lambda t: t.startswith('Filename')),
                ('/proc/vmstat', lambda t: t.startswith('nr_free_pages') and t.endswith('\\n')),
            ]
            print('reading', flush=True)
            reads, end, step = 0, time.monotonic() + seconds, 1 + os.getpid() % 4000
            while time.monotonic() < end:
                for path, good in checks:
                    try:
                        text = read(path, step)
                        if not good(text): print(path, repr(text[:200]), flush=True)
                    except OSError as e: print(path, e, flush=True)
                    reads += 1
            print(reads)
            """

        @Test func manyReadersAtOnceReadTheirOwnNumbers() throws {
            // 64 in all; 16 where the processor is emulated.
            let readersEach = Machine.isVirtual ? 2 : 8
            let seconds = Endurance.isLong ? 60.0 : 8.0
            let daemon = try LXCFSProcess(binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            defer { daemon.stop() }
            var running: [(container: TestContainer, command: Command)] = []
            for number in 0..<8 {
                let memory = UInt64(96 + 16 * number) << 20
                let (limits, cpus) = Endurance.limits(number, memory)
                let container = try TestContainer(limits, mountPoint: daemon.mountPoint)
                for _ in 0..<readersEach {
                    let arguments = ["/usr/bin/python3", "-c", Endurance.reader, "\(seconds)", "\(memory / 1024)", cpus]
                    running.append((container, try container.start(arguments)))
                }
            }
            var reads = 0
            for (_, command) in running {
                #expect(command.wait(seconds: seconds * 2 + 60) == .exited(0), "\(command.errorsSoFar)")
                let lines = command.outputSoFar.split(separator: "\n")
                #expect(lines.first == "reading")
                #expect(lines.dropFirst().dropLast().isEmpty, "\(lines.prefix(10))")
                reads += lines.last.flatMap { Int($0) } ?? 0
            }
            #expect(running.count == 8 * readersEach)
            // Each file at least once by each reader.
            #expect(reads >= 64 * 9)
            print("64 readers in 8 containers: \(reads) files read in \(seconds) s")
            for (container, _) in running { container.stop() }
        }

        /// One CPU or both, by the cpuset or by the quota: each container is different from its neighbours.
        private static func limits(_ number: Int, _ memory: UInt64) -> (limits: Limits, cpus: String) {
            let first = "\(Machine.cpus[0])"
            guard Machine.cpus.count > 1 else { return (Limits(memory: memory, cpuset: first), first) }
            let second = "\(Machine.cpus[1])"
            switch number % 4 {
            case 0: return (Limits(memory: memory, cpuset: first), first)
            case 1: return (Limits(memory: memory, cpuset: second), second)
            case 2: return (Limits(memory: memory, cpus: 0.9, cpuset: first + "," + second), first)
            default: return (Limits(memory: memory, cpuset: first + "," + second), first + "," + second)
            }
        }

        @Test func containersThatComeAndGoLeaveNothingBehind() throws {
            // In two halves: the first makes the heap as large as so many containers at once need it, the second must not make it larger.
            let count = Endurance.isLong ? 500 : Machine.isVirtual ? 25 : 100
            let daemon = try LXCFSProcess(binary: LXCFSProcess.release ?? LXCFSProcess.binary)
            defer { daemon.stop() }
            let script = """
                cd "$1"; cat proc/meminfo proc/cpuinfo proc/stat proc/uptime proc/loadavg proc/swaps proc/vmstat proc/diskstats \
                proc/pressure/* sys/devices/system/cpu/online sys/devices/system/node/online > /dev/null
                """
            func visit(_ times: Int) throws {
                for _ in 0..<times {
                    let cgroup = try TestCgroup(Limits(memory: Bench.memory))
                    let inside = TestContainer.joinScript(cgroup) + "\nexec unshare --pid --fork --kill-child sh -c \"$0\" sh \"$1\""
                    let result = try Command.run(["sh", "-c", inside, script, daemon.mountPoint])
                    #expect(result.succeeded, "\(result)")
                    cgroup.remove()
                }
            }
            func settle(_ descriptors: Int, _ worker: pid_t) -> Footprint {
                // A namespace is forgotten by the second pass of the sweeper after its end, and the passes come every 5 seconds.
                _ = Machine.wait(25) { Footprint(of: worker).descriptors <= descriptors }
                // The memory is given back right after the descriptors.
                Machine.pause(0.5)
                return Footprint(of: worker)
            }
            let worker = try #require(daemon.worker)
            let empty = Footprint(of: worker)
            try visit(count)
            let before = settle(empty.descriptors + Footprint.keptOpenByTheHost, worker)
            try visit(count)
            let after = settle(before.descriptors, worker)
            print("\(count) containers came and went: \(before); \(count) more: \(after)")
            #expect(after.descriptors <= before.descriptors + Footprint.keptOpenByTheHost)
            #expect(after.threads == before.threads)
            // Less than 4 KiB for each in the long form; what the heap keeps for itself varies by about 1 MiB.
            #expect(after.privateKibibytes <= before.privateKibibytes + 2048)
        }

        @Test(
            .enabled(if: LXCFSProcess.release != nil, "no release binary: swift build -c release --static-swift-stdlib"),
            .enabled(if: !Machine.isVirtual, "the same on every machine, and slow on an emulated one"))
        func theProgramThatIsShippedStaysSmall() throws {
            let daemon = try LXCFSProcess(binary: LXCFSProcess.release ?? "")
            defer { daemon.stop() }
            let containers = try (0..<8).map { try TestContainer(Limits(memory: UInt64(64 + $0) << 20), mountPoint: daemon.mountPoint) }
            var sizes: [Footprint] = []
            for _ in 0..<4 {
                for container in containers {
                    _ = try container.python(Endurance.reader, ["0.3", "\(try Endurance.total(container))", Endurance.cpus], seconds: 30)
                }
                sizes.append(Footprint(of: try #require(daemon.worker)))
            }
            print("resident after each of four rounds of eight containers: \(sizes.map(\.residentKibibytes)) KiB")
            for size in sizes { #expect(size.residentKibibytes <= 16 * 1024) }
            // Whatever is ever needed was needed in the first two rounds.
            #expect(sizes[3].privateKibibytes <= sizes[1].privateKibibytes + 256)
        }

        private static func total(_ container: TestContainer) throws -> UInt64 {
            Machine.field("MemTotal", of: try container.read("/proc/meminfo")) ?? 0
        }

        private static let cpus = Machine.cpus.map { "\($0)" }.joined(separator: ",")

        @Test func answersSoonAfterItsStart() throws {
            let folder = try TemporaryFolder()
            let mountPoint = folder.path + "/mnt"
            mkdir(mountPoint, 0o755)
            let begin = Machine.now
            let binary = LXCFSProcess.release ?? LXCFSProcess.binary
            let command = try Command([binary, "-p", folder.path + "/lxcfs.pid"] + LXCFSProcess.options + [mountPoint])
            while Machine.read(mountPoint + "/proc/uptime") == nil, command.isRunning, Machine.now < begin + 5 * Machine.patience {
                Machine.pause(0.001)
            }
            let milliseconds = (Machine.now - begin) * 1000
            print("first answer \(Int(milliseconds)) ms after the start")
            #expect(Machine.read(mountPoint + "/proc/uptime") != nil, "\(command.errorsSoFar)")
            // A bound against a hang; how fast it is, Benchmarks/soak measures.
            #expect(milliseconds < 5000 * Machine.patience)
            command.signal(SIGTERM)
            _ = command.wait(seconds: 15)
        }
    }
}

/// What a process holds, from /proc/PID.
struct Footprint: CustomStringConvertible {
    let residentKibibytes: UInt64
    /// RssAnon: heap and stacks; what is left when files that are mapped are not counted.
    let privateKibibytes: UInt64
    let descriptors: Int
    let threads: Int

    /// Files of the host and of root cgroups that any worker may open for the first time at any read, and then keeps.
    static let keptOpenByTheHost = 64

    init(of pid: pid_t) {
        let status = Machine.read("/proc/\(pid)/status") ?? ""
        residentKibibytes = Footprint.kibibytes("VmRSS", status)
        privateKibibytes = Footprint.kibibytes("RssAnon", status)
        descriptors = Machine.names(in: "/proc/\(pid)/fd").count
        threads = Machine.names(in: "/proc/\(pid)/task").count
    }

    private static func kibibytes(_ label: String, _ status: String) -> UInt64 {
        let line = status.split(separator: "\n").first { $0.hasPrefix(label + ":") } ?? ""
        return Machine.words(line).dropFirst().first.flatMap { UInt64($0) } ?? 0
    }

    var description: String {
        "\(residentKibibytes) KiB resident (\(privateKibibytes) its own), \(descriptors) descriptors, \(threads) threads"
    }
}
