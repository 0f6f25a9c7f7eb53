import TestContainers
import Testing

extension EndToEnd {
    /// Three ways to say how many CPUs a container has.
    struct CPUCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let limits: Limits
        /// The CPUs that it must see.
        let expected: [Int]

        static var all: [CPUCase] {
            let cpus = Machine.cpus
            let last = cpus[cpus.count - 1]
            var cases = [
                CPUCase(testDescription: "quota of one CPU", limits: Limits(memory: Bench.memory, cpus: 1), expected: [cpus[0]]),
                CPUCase(
                    testDescription: "cpuset of the last CPU", limits: Limits(memory: Bench.memory, cpuset: "\(last)"), expected: [last]),
                CPUCase(
                    testDescription: "quota of half a CPU, cpuset of the last",
                    limits: Limits(memory: Bench.memory, cpus: 0.5, cpuset: "\(last)"), expected: [last]),
                CPUCase(testDescription: "no limit", limits: Limits(memory: Bench.memory), expected: cpus),
            ]
            if cpus.count >= 4 {
                cases.append(
                    CPUCase(
                        testDescription: "quota of 1.5 CPUs, cpuset of three",
                        limits: Limits(memory: Bench.memory, cpus: 1.5, cpuset: "\(cpus[1])-\(cpus[3])"), expected: [cpus[1], cpus[2]]))
            }
            return cases
        }

        var list: String {
            guard let first = expected.first, let last = expected.last else { return "" }
            return expected.count == 1
                ? "\(first)" : last - first == expected.count - 1 ? "\(first)-\(last)" : expected.map(String.init).joined(separator: ",")
        }
    }

    @Suite("Number of CPUs")
    struct CPUCount {
        @Test(arguments: CPUCase.all)
        func isTheSameInEveryFile(_ example: CPUCase) throws {
            let container = try Bench.container(example.limits)
            let stat = try container.read("/proc/stat")
            #expect(cpuNames(inStat: stat) == example.expected.map { "cpu\($0)" })
            let cpuinfo = try container.read("/proc/cpuinfo")
            let processors = cpuinfo.split(separator: "\n").filter { $0.hasPrefix("processor") }
                .compactMap { $0.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) } }
            #expect(processors == example.expected)
            for file in ["online", "possible", "present"] {
                #expect(try container.read("/sys/devices/system/cpu/" + file) == example.list + "\n", "\(file)")
            }
            let offline = try container.read("/sys/devices/system/cpu/offline")
            #expect(offline == "\n")
        }

        @Test(arguments: CPUCase.all)
        func theFolderListsExactlyTheContainersCPUs(_ example: CPUCase) throws {
            let container = try Bench.container(example.limits)
            for list in ["ls /sys/devices/system/cpu", "ls -d /sys/devices/system/cpu/cpu[0-9]* | sed s,.*/,,"] {
                let names = try container.shell(list).split(separator: "\n").map(String.init)
                let cpus = names.filter { $0.hasPrefix("cpu") && Int($0.dropFirst(3)) != nil }
                #expect(Set(cpus) == Set(example.expected.map { "cpu\($0)" }))
                #expect(names.count == Set(names).count, "every name stands there once: \(names)")
            }
            let absent = Machine.cpus.first { !example.expected.contains($0) }
            if let absent {
                let result = try container.run(["stat", "/sys/devices/system/cpu/cpu\(absent)"])
                #expect(!result.succeeded && result.errors.contains("No such file"))
            }
        }

        @Test(arguments: CPUCase.all)
        func isWhatProgramsReport(_ example: CPUCase) throws {
            let container = try Bench.container(example.limits)
            let count = example.expected.count
            let text = try container.shell(
                "nproc --all; getconf _NPROCESSORS_ONLN; getconf _NPROCESSORS_CONF; LC_ALL=C lscpu | sed -n 's/^CPU(s): *//p; s/^On-line CPU(s) list: *//p'"
            )
            let lines = text.split(separator: "\n").map(String.init)
            // nproc does not believe sysfs where it says 1 or 2, in fear that it is not mounted, and takes the larger affinity mask.
            let affinity = example.limits.cpuset.map { Machine.numbers(inList: $0).count } ?? Machine.cpus.count
            #expect(lines.dropLast() == ["\(count > 2 ? count : max(count, affinity))", "\(count)", "\(count)", "\(count)"])
            // lscpu writes two neighbours as `0,1`.
            #expect(Machine.numbers(inList: lines.last ?? "") == example.expected)
        }

        @Test func lscpuFindsNothingOffline() throws {
            let text = try Bench.small().shell("lscpu; lscpu -e; lscpu -p")
            #expect(!text.contains("Off-line"), "\(text)")
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("\(Machine.cpus[0]),") }.count == 1, "\(text)")
        }

        @Test(.enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"), arguments: CPUCase.all)
        func isWhatPythonReports(_ example: CPUCase) throws {
            let container = try Bench.container(example.limits)
            let text = try container.python("import os; print(os.cpu_count(), os.sysconf('SC_NPROCESSORS_CONF'))")
            #expect(text == "\(example.expected.count) \(example.expected.count)\n")
        }

        @Test(.enabled(if: Python.hasPsutil, "not installed: apt-get install python3-psutil"))
        func psutilReportsTheContainer() throws {
            let program = """
                import psutil, json, time
                m = psutil.virtual_memory(); s = psutil.swap_memory()
                a = psutil.cpu_times(); time.sleep(0.3); b = psutil.cpu_times()
                print(json.dumps(dict(total=m.total, available=m.available, percent=m.percent, cpus=psutil.cpu_count(),
                    swap=s.total, swapused=s.used, boot=psutil.boot_time(), now=time.time(), percpu=len(psutil.cpu_times(percpu=True)),
                    back=[n for n in a._fields if getattr(b, n) < getattr(a, n)], load=psutil.getloadavg()[0])))
                """
            let text = try Bench.small().python(program)
            #expect(text.contains("\"total\": \(Bench.memory),"), "\(text)")
            #expect(text.contains("\"cpus\": 1,"), "\(text)")
            #expect(text.contains("\"percpu\": 1,"), "\(text)")
            #expect(text.contains("\"back\": []"), "\(text)")
            let numbers = Python.numbers(text)
            #expect((numbers["available"] ?? .infinity) <= Double(Bench.memory), "\(text)")
            #expect((0...100).contains(numbers["percent"] ?? -1), "\(text)")
            #expect((numbers["swapused"] ?? .infinity) <= (numbers["swap"] ?? -1), "\(text)")
            #expect((numbers["boot"] ?? .infinity) <= (numbers["now"] ?? 0), "\(text)")
        }
    }

    @Suite("A Java virtual machine", .enabled(if: Machine.program("java") != nil, "not installed: apt-get install default-jre-headless"))
    struct Java {
        /// One line of the log of the garbage collector's start: `CPUs: 1 total, 1 available`, `Memory: 256M`.
        private func start(_ container: TestContainer, _ options: [String]) throws -> String {
            let command = ["java"] + options + ["-Xlog:gc+init", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-version"]
            let result = try container.run(command, seconds: 60)
            #expect(result.succeeded, "\(result)")
            return result.output
        }

        @Test(arguments: CPUCase.all)
        func countsTheFilesWithoutContainerSupport(_ example: CPUCase) throws {
            let text = try start(Bench.container(example.limits), ["-XX:-UseContainerSupport"])
            #expect(text.contains("CPUs: \(example.expected.count) total"), "\(text)")
        }

        @Test func agreesWithItsOwnContainerSupport() throws {
            let text = try start(Bench.small(), ["-XX:+UseContainerSupport"])
            #expect(text.contains("CPUs: 1 total, 1 available"), "\(text)")
            #expect(text.contains("Memory: 256M"), "\(text)")
        }
    }
}

/// Python and what it printed.
enum Python {
    /// Whether psutil is there.
    static let hasPsutil = (try? Command.run(["/usr/bin/python3", "-c", "import psutil"]))?.succeeded == true

    /// The numbers of a flat JSON object.
    static func numbers(_ text: String) -> [String: Double] {
        var found: [String: Double] = [:]
        for pair in text.split(whereSeparator: { "{},\n".contains($0) }) {
            let parts = pair.split(separator: ":")
            guard parts.count == 2 else { continue }
            let name = parts[0].filter { $0.isLetter }
            if let value = Double(parts[1].filter { $0 != " " }) { found[name] = value }
        }
        return found
    }
}
