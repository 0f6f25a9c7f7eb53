import TestContainers
import Testing

extension EndToEnd {
    @Suite("runc", .enabled(if: RuncContainer.isInstalled, "not installed: apt-get install runc"))
    struct Runc {
        private static let limits = Limits(memory: Bench.memory, cpus: 1, cpuset: "\(Machine.cpus[0])")

        @Test func aContainerSeesItsLimitsInEveryProgram() throws {
            let container = try RuncContainer(Runc.limits, mountPoint: Bench.mountPoint())
            let result = try container.run(["sh", "-c", "cat /proc/meminfo /proc/stat; free -b; nproc --all; cat /proc/uptime; uptime"])
            try #require(result.succeeded, "\(result)")
            let text = result.output
            #expect(Machine.field("MemTotal", of: text) == Bench.memory / 1024)
            #expect(cpuNames(inStat: text) == ["cpu\(Machine.cpus[0])"])
            #expect(numbers(of: "Mem:", in: text).first == Bench.memory)
            #expect(text.contains("\n1\n"), "nproc: \(text.suffix(300))")
            #expect(text.contains("up 0 min"), "\(text.suffix(300))")
        }

        @Test(.enabled(if: Machine.program("busybox") != nil, "not installed: apt-get install busybox-static"))
        func aContainerOfBusyBoxAloneSeesItsLimits() throws {
            let container = try RuncContainer(Runc.limits, mountPoint: Bench.mountPoint(), busyBoxOnly: true)
            let script =
                "cat /proc/meminfo /proc/stat; cat /sys/devices/system/cpu/online; ls -d /sys/devices/system/cpu/cpu[0-9]*; top -b -n1 | head -4"
            let result = try container.run(["sh", "-c", script])
            try #require(result.succeeded, "\(result)")
            let text = result.output
            #expect(Machine.field("MemTotal", of: text) == Bench.memory / 1024)
            #expect(cpuNames(inStat: text) == ["cpu\(Machine.cpus[0])"])
            #expect(
                text.split(separator: "\n").filter { $0.hasPrefix("/sys/devices/system/cpu/cpu") } == [
                    "/sys/devices/system/cpu/cpu\(Machine.cpus[0])"
                ])
            // BusyBox top adds used and free up from meminfo.
            let memory = try #require(text.split(separator: "\n").first { $0.hasPrefix("Mem:") }, "\(result)")
            let kibibytes = Machine.words(memory).compactMap { word in UInt64(word.prefix { $0.isNumber }) }
            #expect(kibibytes.count >= 2 && kibibytes[0] + kibibytes[1] <= Bench.memory / 1024, "\(memory)")
        }

        @Test func twoContainersSeeEachItsOwn() throws {
            for factor: UInt64 in [1, 3] {
                let container = try RuncContainer(Limits(memory: Bench.memory * factor), mountPoint: Bench.mountPoint())
                let result = try container.run(["head", "-1", "/proc/meminfo"])
                #expect(Machine.field("MemTotal", of: result.output) == Bench.memory * factor / 1024, "\(result)")
            }
        }
    }
}
