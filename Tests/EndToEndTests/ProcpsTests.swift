import TestContainers
import Testing

extension EndToEnd {
    @Suite("free, top, uptime, vmstat, ps", .enabled(if: Machine.program("vmstat") != nil, "not installed: apt-get install procps"))
    struct Procps {
        @Test func freeShowsTheLimitAsTotal() throws {
            let text = try Bench.small().shell("free -b")
            let memory = numbers(of: "Mem:", in: text)
            #expect(memory.first == Bench.memory)
            try #require(memory.count >= 6)
            #expect(memory[1] < Bench.memory / 2, "used is the container's: \(text)")
            #expect(memory[2] <= Bench.memory && memory[5] <= Bench.memory, "free and available are below the limit: \(text)")
            #expect(numbers(of: "Swap:", in: text).allSatisfy { $0 <= max(Machine.swap, Bench.memory) }, "swap did not wrap: \(text)")
        }

        @Test func topShowsOneCPUAndTheLimit() throws {
            let text = try Bench.container(Limits(memory: Bench.memory, cpus: 1)).shell("top -b -n1 -w200")
            let memory = try #require(text.split(separator: "\n").first { $0.contains("Mem :") })
            let words = Machine.words(String(memory))
            #expect(words.contains { Double($0) == Double(Bench.memory >> 20) }, "\(memory)")
            #expect(text.contains("up 0 min"), "\(text.prefix(200))")
            let cpu = try #require(text.split(separator: "\n").first { $0.hasPrefix("%Cpu") })
            let shares = Machine.words(cpu.replacing(",", with: " ").replacing(":", with: " ")).compactMap { Double($0) }
            #expect(shares.allSatisfy { (0...100).contains($0) }, "\(cpu)")
            #expect(abs(shares.prefix(8).reduce(0, +) - 100) < 2, "\(cpu)")
        }

        @Test func topShowsEveryCPUOfTheContainerAndNoOther() throws {
            // Key 1 asks for a line per CPU.
            let text = try Bench.small().shell("export HOME=$(mktemp -d); top -b -n1 -w200 -1; rm -rf \"$HOME\"")
            let lines = text.split(separator: "\n").filter { $0.hasPrefix("%Cpu") }
            #expect(lines.count == 1, "\(lines)")
            #expect(lines.first?.hasPrefix("%Cpu\(Machine.cpus[0]) ") == true, "\(lines)")
        }

        @Test func uptimeIsTheContainersAge() throws {
            let container = try Bench.container()
            let text = try container.shell("uptime; cat /proc/uptime; uptime -p")
            #expect(text.contains("up 0 min"), "\(text)")
            let age = try #require(text.split(separator: "\n").dropFirst().first.flatMap { Double(Machine.words(String($0))[0]) })
            #expect(age < 10 * Machine.patience, "\(text)")
        }

        @Test func vmstatShowsTheContainersMemory() throws {
            let text = try Bench.small().shell("vmstat -S K")
            let row = try #require(text.split(separator: "\n").last)
            let values = Machine.words(String(row)).compactMap { UInt64($0) }
            try #require(values.count >= 17, "\(text)")
            #expect(values[3] <= Bench.memory / 1024 && values[3] > 0, "free: \(text)")
            #expect(values[12...16].reduce(0, +) <= 102, "shares of CPU time: \(text)")
            let summary = try Bench.small().shell("vmstat -s")
            #expect(summary.contains("\(Bench.memory / 1024) K total memory"), "\(summary)")
        }

        @Test func psShowsAllProcessesWithSharesOfTheLimit() throws {
            let container = try Bench.container(Limits(memory: Bench.memory))
            // A process of about 64 MiB is a quarter of the container, not a hundredth of the host.
            let hog = try container.start(["/usr/bin/python3", "-c", "b = b'x' * (64 << 20); import time; time.sleep(1000)"])
            defer { hog.kill() }
            var share = 0.0
            let grown = Machine.wait(20) {
                let text = (try? container.shell("ps -eo pmem,comm --no-headers | grep python")) ?? ""
                share = Machine.words(text).first.flatMap { Double($0) } ?? 0
                return share > 20
            }
            #expect(grown && share < 60, "\(share) % of the memory")
            let text = try container.shell("ps -eo pid,args --no-headers")
            #expect(text.split(separator: "\n").count >= 3, "\(text)")
        }

        @Test func psElapsedTimeIsUpToTheProgram() throws {
            let container = try Bench.container()
            let text = try container.shell("ps -eo pid,etimes --no-headers")
            // ps subtracts a start time that the kernel counts from the host's boot from the container's uptime; 4.0.2 lets that wrap.
            // No file that the daemon serves can mend it, only a time namespace.
            withKnownIssue("elapsed times of ps need a time namespace", isIntermittent: true) {
                for row in text.split(separator: "\n") {
                    let elapsed = Machine.words(row).last.flatMap { Double($0) } ?? -1
                    #expect(elapsed >= 0 && elapsed <= 10 * Machine.patience, "\(text)")
                }
            }
        }

        @Test func psShowsNoProcessThatStartsInTheFuture() throws {
            // Start times count from the host's boot, so /proc/stat's btime must be the host's.
            let text = try Bench.small().shell("date +%s; ps -eo lstart --no-headers -p 1; date -d \"$(ps -o lstart= -p 1)\" +%s")
            let lines = text.split(separator: "\n")
            let now = try #require(lines.first.flatMap { Int($0) })
            let started = try #require(lines.last.flatMap { Int($0) })
            #expect((now - 3600...now + 2).contains(started), "\(text)")
        }
    }

    @Suite("mpstat, iostat", .enabled(if: Machine.program("mpstat") != nil, "not installed: apt-get install sysstat"))
    struct Sysstat {
        @Test func mpstatShowsOneCPU() throws {
            let text = try Bench.small().shell("mpstat -P ALL")
            #expect(text.contains("(1 CPU)"), "\(text)")
            let rows = text.split(separator: "\n").map { Machine.words(String($0)) }.filter { $0.count > 10 }
            let names = rows.compactMap { $0.first { $0 == "all" || Int($0) != nil && $0.count < 4 } }
            #expect(names == ["all", "\(Machine.cpus[0])"], "\(text)")
        }

        @Test func mpstatOverASecondNeverExceedsTheWhole() throws {
            let container = try Bench.small()
            let burner = try container.start(["sh", "-c", "while :; do :; done"])
            defer { burner.kill() }
            let text = try container.shell("mpstat -P ALL 2 1")
            let average = try #require(text.split(separator: "\n").last { $0.hasPrefix("Average:") && $0.contains(" all ") })
            let shares = Machine.words(String(average)).compactMap { Double($0) }
            #expect(shares.allSatisfy { (0...100.5).contains($0) }, "\(average)")
            #expect((shares.first ?? 0) > 15, "the loop inside is seen: \(text)")
        }

        @Test func iostatReadsTheContainersFiles() throws {
            let text = try Bench.small().shell("iostat -k")
            #expect(text.contains("(1 CPU)"), "\(text)")
            let lines = text.split(separator: "\n")
            let header = try #require(lines.firstIndex { $0.hasPrefix("avg-cpu") })
            let shares = Machine.words(String(lines[header + 1])).compactMap { Double($0) }
            #expect(shares.count == 6 && abs(shares.reduce(0, +) - 100) < 1, "\(text)")
        }
    }
}
