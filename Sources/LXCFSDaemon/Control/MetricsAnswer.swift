internal import LXCFSControl
internal import ProcText

// GetMetrics: what GetStatus and ListContainers tell, for monitoring systems.

extension ControlService {
    /// Containers that have lines of their own; of more those that read last.
    private static let mostContainers = 1000

    func addMetrics(to table: inout MethodTable) {
        table.add(GetMetrics.self) { [self] _, _ in GetMetrics.Reply(text: metrics()) }
    }

    private func metrics() -> String {
        let status = status()
        var text = OpenMetricsText()
        text.begin("build", .info, "Which lxcfs this is.")
        text.add("1", suffix: "_info", [("version", status.version), ("build", status.build)])
        text.begin("start_time_seconds", .gauge, unit: "seconds", "When this mount was made, in Unix time.")
        text.add(ControlService.seconds(milliseconds: status.startedAt))
        text.add(gauge: "problems", Int64(status.problems.count), "Things that are not as they should be; GetStatus names them.")
        text.add(gauge: "mount_alive", status.mount.isAlive ? 1 : 0, "Whether the mount is what is seen at its place, and answers.")
        text.add(gauge: "virtualization", status.virtualization ? 1 : 0, "Whether containers see their own values.")
        text.add(gauge: "generation", status.generation, "The number of the worker that serves.")
        text.add(gauge: "control_connections", status.connections, "Clients of the control socket.")
        text.add(counter: "reloads", status.reload.count, "Reloads that succeeded.")
        text.add(counter: "worker_crashes", status.crashes, "Workers that died while they served.")
        text.add(counter: "reads", status.reads, "Texts given since the mount was made.")
        text.add(counter: "read_errors", status.errors, "Reads that were answered with an error, since the mount was made.")
        text.add(counter: "fallbacks", status.fallbacks, "Texts that were something else than the file should show.")
        text.add(counter: "replayed_requests", status.replayed, "Requests of a dead worker that the next one answered.")
        text.add(counter: "refused_requests", status.refused, "Requests that were refused because they had ended two workers.")
        addFiles(to: &text)
        addProcesses(status.processes, to: &text)
        text.add(gauge: "containers", status.containers, "Containers that are known.")
        addContainers(to: &text)
        return text.whole
    }

    private func addFiles(to text: inout OpenMetricsText) {
        let files = parts.statistics.histograms
        text.begin("read_duration_seconds", .histogram, unit: "seconds", "How long this worker took to answer reads.")
        for (file, histogram) in files {
            var seen: UInt64 = 0
            for (number, count) in histogram.counts.enumerated() {
                seen = seen.saturatingAdd(count)
                // Of the four classes in a doubling one line is enough.
                guard number % 4 == 0, number < histogram.counts.count - 1 else { continue }
                let end = Double(LatencyHistogram.end(of: number)) / 1e9
                text.add("\(seen)", suffix: "_bucket", [("file", file), ("le", "\(end)")])
            }
            text.add("\(histogram.reads)", suffix: "_bucket", [("file", file), ("le", "+Inf")])
            text.add("\(histogram.reads)", suffix: "_count", [("file", file)])
            text.add("\(Double(histogram.totalNanoseconds) / 1e9)", suffix: "_sum", [("file", file)])
        }
        text.begin("file_read_errors", .counter, "Reads of a file that this worker answered with an error.")
        for (file, histogram) in files { text.add("\(histogram.errors)", suffix: "_total", [("file", file)]) }
    }

    private func addProcesses(_ processes: [Process], to text: inout OpenMetricsText) {
        func add(_ name: String, unit: String? = nil, _ help: String, _ value: (Process) -> Int64) {
            text.begin(name, .gauge, unit: unit, help)
            for process in processes { text.add("\(value(process))", [("role", process.role.rawValue)]) }
        }
        add("process_resident_memory_bytes", unit: "bytes", "Memory that is present.") { $0.residentBytes }
        add("process_private_memory_bytes", unit: "bytes", "Memory that is present and no other process's.") { $0.privateBytes }
        add("process_threads", "Threads.") { $0.threads }
        add("process_open_descriptors", "Open file descriptors.") { $0.descriptors }
    }

    private func addContainers(to text: inout OpenMetricsText) {
        let latest = livingContainers().sorted { $0.container.lastUse > $1.container.lastUse }.prefix(ControlService.mostContainers)
        // Sandboxes inside a container have its id: one series for each id.
        var ids: Set<String> = []
        let containers = described(latest).sorted { $0.cgroup.utf8.count < $1.cgroup.utf8.count }.filter { ids.insert($0.id).inserted }
        text.begin("container", .info, "Who a container is.")
        for container in containers {
            let labels = [
                ("id", container.id), ("name", container.name), ("runtime", container.runtime), ("pod", container.pod ?? ""),
                ("cgroup", container.cgroup),
            ]
            text.add("1", suffix: "_info", labels.filter { !$0.1.isEmpty })
        }
        func add(
            _ name: String, kind: OpenMetricsText.Kind = .gauge, unit: String? = nil, _ help: String, _ value: (Container) -> String?
        ) {
            text.begin("container_" + name, kind, unit: unit, help)
            for container in containers {
                if let value = value(container) { text.add(value, suffix: kind == .counter ? "_total" : "", [("id", container.id)]) }
            }
        }
        add("memory_limit_bytes", unit: "bytes", "The memory it is shown: its limit, or the host's.") { "\($0.memoryTotalBytes)" }
        add("memory_usage_bytes", unit: "bytes", "What its tasks and its page cache use.") { "\($0.memoryUsageBytes)" }
        add("memory_available_bytes", unit: "bytes", "What is left when the page cache is given up.") { "\($0.memoryAvailableBytes)" }
        add("swap_usage_bytes", unit: "bytes", "What it has swapped out.") { "\($0.swapUsageBytes)" }
        add("cpus", "The CPUs it is shown.") { "\($0.cpuCount)" }
        add("cpu_seconds", kind: .counter, unit: "seconds", "CPU time it has used.") {
            $0.cpuUsageMicroseconds.map { "\(Double($0) / 1e6)" }
        }
        add("load1", "Its load average over one minute.") { $0.load1.map { "\($0)" } }
        add("tasks", "Its tasks.") { $0.tasks.map { "\($0)" } }
        add("reads", kind: .counter, "Texts it has been given by this worker.") { "\($0.reads)" }
    }

    private static func seconds(milliseconds: Int64) -> String { "\(Double(milliseconds) / 1000)" }
}
