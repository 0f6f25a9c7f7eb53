internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// A folder on a real disk, for I/O that bypasses the page cache.
    enum Disk {
        static let folder = Machine.environment("RUN_IN_VM_SCRATCH") ?? "/var/tmp"

        /// Whether the folder's file system does direct I/O.
        static let isDirect: Bool = {
            let file = folder + "/lxcfs-test-\(getpid())-probe"
            defer { unlink(file) }
            let result = try? Command.run(["dd", "if=/dev/zero", "of=" + file, "bs=64k", "count=1", "oflag=direct"])
            return result?.succeeded == true
        }()

        /// Writes 8 MiB past the page cache.
        static var write: String {
            let file = folder + "/lxcfs-test-\(getpid())-written"
            return "dd if=/dev/zero of=\(file) bs=1M count=8 oflag=direct 2>/dev/null && rm \(file)"
        }

        /// A container whose I/O the kernel counts.
        static func container() throws(BenchError) -> TestContainer {
            let cgroup = try TestCgroup(Limits(memory: Bench.memory))
            try cgroup.countBlockIO()
            return try Bench.container(cgroup: cgroup)
        }

        /// Sectors written on all disks of a /proc/diskstats, partitions left out.
        static func sectorsWritten(_ text: String) -> UInt64 {
            text.split(separator: "\n").reduce(0) { sum, line in
                let words = Machine.words(line)
                guard words.count > 9, Machine.exists("/sys/block/" + words[2]) else { return sum }
                return sum + (UInt64(words[9]) ?? 0)
            }
        }
    }

    @Suite(
        "/proc/diskstats", .enabled(if: CgroupMounts.hierarchy(of: "blkio") != nil, "no blkio or io controller here"),
        .enabled(if: Disk.isDirect, "no direct I/O in \(Disk.folder)"))
    struct DiskStats {
        @Test func writingInsideMovesTheContainersNumbers() throws {
            let container = try Disk.container()
            let before = Disk.sectorsWritten(try container.read("/proc/diskstats"))
            _ = try container.shell(Disk.write, seconds: 60)
            let after = Disk.sectorsWritten(try container.read("/proc/diskstats"))
            let sectors = UInt64(8 << 20) / 512
            #expect(after >= before + sectors && after < before + sectors * 3, "\(before) -> \(after)")
        }

        @Test func writingOutsideDoesNotMoveThem() throws {
            let container = try Disk.container()
            _ = try container.shell(Disk.write, seconds: 60)
            let before = Disk.sectorsWritten(try container.read("/proc/diskstats"))
            let result = try Command.run(["sh", "-c", Disk.write], seconds: 60)
            #expect(result.succeeded, "\(result)")
            let after = Disk.sectorsWritten(try container.read("/proc/diskstats"))
            #expect(after - before < 1024, "\(before) -> \(after)")
        }

        @Test(.enabled(if: Machine.program("iostat") != nil, "not installed: apt-get install sysstat"))
        func iostatShowsTheDevice() throws {
            let container = try Disk.container()
            _ = try container.shell(Disk.write, seconds: 60)
            // Without -p it reads /sys/block/*/stat, over which nobody mounts.
            let text = try container.shell("iostat -d -k -p ALL")
            var written = 0.0
            for line in text.split(separator: "\n") {
                let words = Machine.words(line)
                if words.count == 8, Machine.exists("/sys/block/" + words[0]), let kibibytes = Double(words[6]) { written += kibibytes }
            }
            #expect(written >= 8192 && written < 3 * 8192, "\(text)")
        }

        @Test func linesAreInTheKernelsFormat() throws {
            let container = try Disk.container()
            _ = try container.shell(Disk.write, seconds: 60)
            let text = try container.read("/proc/diskstats")
            #expect(!text.isEmpty)
            let host = try #require(Machine.read("/proc/diskstats"))
            let columns = host.split(separator: "\n").first.map { Machine.words($0).count }
            for line in text.split(separator: "\n") { #expect(Machine.words(line).count == columns, "\(line)") }
        }
    }

    @Suite("/proc/pressure", .enabled(if: Machine.exists("/proc/pressure/cpu"), "the kernel has no PSI"))
    struct Pressure {
        /// `total=` of the `some` line, in microseconds.
        private func total(_ text: String) -> UInt64? {
            guard let some = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }) else { return nil }
            return some.components(separatedBy: "total=").last.flatMap { UInt64($0) }
        }

        @Test(arguments: ["cpu", "io", "memory"])
        func hasTheKernelsFormat(resource: String) throws {
            let text = try Bench.small().read("/proc/pressure/" + resource)
            let host = try #require(Machine.read("/proc/pressure/" + resource))
            #expect(withoutNumbers(text) == withoutNumbers(host), "\(text)")
        }

        @Test(.enabled(if: CgroupMounts.all.contains(where: \.isUnified), "no cgroup2 hierarchy on this machine"), .timeLimit(.minutes(2)))
        func waitingForACPUIsTheContainersOwn() throws {
            let busy = try Bench.container(Limits(memory: Bench.memory, cpuset: "\(Machine.cpus[0])"))
            let idle = try Bench.container(Limits(memory: Bench.memory))
            let before = try (#require(total(busy.read("/proc/pressure/cpu"))), #require(total(idle.read("/proc/pressure/cpu"))))
            _ = try busy.run(["timeout", "3", "sh", "-c", "while :; do :; done & while :; do :; done & wait"], seconds: 30)
            let after = try (#require(total(busy.read("/proc/pressure/cpu"))), #require(total(idle.read("/proc/pressure/cpu"))))
            // Two loops on one CPU: for nearly all of the time one of them waits.
            #expect(after.0 - before.0 > 1_000_000, "\(before) -> \(after)")
            #expect(after.1 - before.1 < (after.0 - before.0) / 2, "\(before) -> \(after)")
        }
    }

    @Suite("Swap")
    struct Swap {
        /// How much swap a container with these limits has. Version 1 limits memory and swap together, and may swap all of the memory out.
        static func size(memory: UInt64, swap: UInt64) -> UInt64 {
            CgroupMounts.hierarchy(of: "memory")?.isUnified == true ? swap : memory + swap
        }

        @Test func meminfoAndSwapsAlwaysAgree() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, swap: 64 << 20))
            let text = try container.shell("cat /proc/meminfo /proc/swaps; free -b")
            let total = try #require(Machine.field("SwapTotal", of: text))
            #expect(total == min(Swap.size(memory: Bench.memory, swap: 64 << 20), Machine.swap) / 1024)
            let rows = text.split(separator: "\n").filter { $0.contains("virtual") }
            #expect(rows.count == (total > 0 ? 1 : 0), "\(text)")
            if let row = rows.first { #expect(Machine.words(row).contains("\(total)"), "\(row)") }
            #expect(numbers(of: "Swap:", in: text).first == total * 1024)
        }

        @Test(.enabled(if: Machine.swap > 256 << 20, "this machine has no swap"), .timeLimit(.minutes(5)))
        func swappingOutIsSeen() throws {
            let container = try Bench.container(Limits(memory: 64 << 20, swap: 256 << 20))
            let before = try container.shell("cat /proc/meminfo")
            let program =
                "b = bytearray(120 << 20)\nfor i in range(0, len(b), 4096): b[i] = i >> 12 & 255\nprint('full', flush=True); import time; time.sleep(1000)"
            let hog = try container.start(["/usr/bin/python3", "-c", program])
            defer { hog.kill() }
            #expect(Machine.wait(30) { hog.outputSoFar.hasPrefix("full") || !hog.isRunning })
            #expect(hog.isRunning, "\(hog.errorsSoFar)")
            let after = try container.shell("cat /proc/meminfo /proc/swaps")
            let free = try (#require(Machine.field("SwapFree", of: before)), #require(Machine.field("SwapFree", of: after)))
            let total = try #require(Machine.field("SwapTotal", of: after))
            #expect(total == min(Swap.size(memory: 64 << 20, swap: 256 << 20), Machine.swap) / 1024)
            #expect(free.1 + (40 << 10) < free.0, "\(free)")
            let row = try #require(after.split(separator: "\n").first { $0.contains("virtual") })
            let used = Machine.words(row).compactMap { UInt64($0) }
            #expect(used.first == total, "\(row)")
            // The two files are read one after the other, and the kernel goes on swapping.
            #expect(used.count > 1 && used[1] > (40 << 10) && used[1] <= total, "\(row)")
        }

        @Test func disabledByTheOptionThereIsNone() throws {
            let daemon = try LXCFSProcess(["-u"])
            let container = try TestContainer(Limits(memory: Bench.memory, swap: 64 << 20), mountPoint: daemon.mountPoint)
            let text = try container.shell("cat /proc/meminfo; free -b; cat /proc/swaps")
            #expect(Machine.field("SwapTotal", of: text) == 0 && Machine.field("SwapFree", of: text) == 0)
            #expect(numbers(of: "Swap:", in: text) == [0, 0, 0])
            #expect(!text.contains("virtual"))
        }
    }

    @Suite("/proc/loadavg")
    struct LoadAverage {
        @Test(.timeLimit(.minutes(3)))
        func risesWithTheContainersOwnTasks() throws {
            let busy = try Bench.container(Limits(memory: Bench.memory))
            let idle = try Bench.container(Limits(memory: Bench.memory))
            let load = { (container: TestContainer) throws -> Double in
                try #require(Machine.words(container.read("/proc/loadavg")).first.flatMap { Double($0) })
            }
            #expect(try load(idle) <= 0.5)
            let loops = try busy.start(["sh", "-c", "while :; do :; done & while :; do :; done & wait"])
            defer { loops.kill() }
            _ = try load(busy)
            var seen = 0.0
            let rose = Machine.wait(40 / Machine.patience) {
                Machine.pause(1)
                seen = (try? load(busy)) ?? 0
                return seen > 0.35
            }
            #expect(rose && seen <= 2.2, "\(seen)")
            #expect(try load(idle) < 0.2)
        }

        @Test func countsTheContainersTasksAndNamesNoPIDOfTheHost() throws {
            let container = try Bench.container(Limits(memory: Bench.memory))
            let text = try container.shell("cat /proc/loadavg; sh -c 'echo $$'")
            let lines = text.split(separator: "\n")
            let words = Machine.words(lines[0])
            try #require(words.count == 5, "\(text)")
            let tasks = words[3].split(separator: "/").compactMap { Int($0) }
            try #require(tasks.count == 2, "\(text)")
            #expect((1...10).contains(tasks[1]) && tasks[0] <= tasks[1], "\(text)")
            let newest = try #require(Int(lines[1]))
            let last = try #require(Int(words[4]))
            #expect(last >= 1 && last <= newest, "\(text)")
        }
    }
}
