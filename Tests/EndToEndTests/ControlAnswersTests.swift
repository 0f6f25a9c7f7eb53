import Glibc
import LXCFSControl
import TestContainers
import Testing

extension EndToEnd {
    /// What the daemon tells of itself and of containers, against what the containers themselves see.
    @Suite("Answers on the control socket")
    struct ControlAnswers {
        private func call<Method: ControlMethod>(
            _ method: Method.Type, _ parameters: Method.Parameters, of daemon: LXCFSProcess? = nil
        ) throws -> Method.Reply {
            let socket = try (daemon ?? Bench.daemon()).controlSocket
            let reply = try TestContainers.ControlSocket.call(Message.call(method, parameters).dropLast(), at: socket)
            return try Message.result(of: reply, method).reply
        }

        private func inspect(_ container: TestContainer, _ files: [String]) throws -> Inspect.Reply {
            try call(Inspect.self, .init(pid: Int64(container.pid), files: files))
        }

        private func listed(_ container: TestContainer) throws -> LXCFSControl.Container? {
            try call(ListContainers.self, Nothing()).containers.first { $0.initPid == Int64(container.pid) }
        }

        /// The first line of a file that a view shows.
        private func line(_ name: String, of text: String?) -> Substring? {
            (text ?? "").split(separator: "\n").first { $0.hasPrefix(name) }
        }

        @Test func aListedContainerHasTheNumbersThatItSees() throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1, cpuset: "\(Machine.cpus[0])", pids: 77))
            #expect(try (listed(container)?.reads ?? 0) == 0, "nobody in it has read, although its mounts were looked at")
            let meminfo = try container.read("/proc/meminfo")
            let found = try #require(try listed(container))
            #expect(found.memoryTotalBytes == Int64(Bench.memory) && found.isMemoryLimited)
            #expect(numbers(of: "MemTotal:", in: meminfo) == [UInt64(found.memoryTotalBytes) / 1024])
            #expect(found.memoryUsageBytes > 0 && found.memoryUsageBytes <= found.memoryTotalBytes)
            #expect(found.cpus == "\(Machine.cpus[0])" && found.cpuCount == 1 && found.cpuLimitMillis == 1000)
            #expect(cpuNames(inStat: try container.read("/proc/stat")) == ["cpu" + found.cpus])
            #expect(found.memberships.contains { $0.path == "/" + container.cgroup.path } && found.id == "/" + container.cgroup.path)
            #expect(found.runtime == "other" && found.reads >= 1 && found.lastReadAt >= found.startedAt)
            #expect((found.tasks ?? 0) >= 1 && (found.cpuUsageMicroseconds ?? 0) > 0)
            let text = try call(GetMetrics.self, Nothing()).text
            #expect(text.hasSuffix("\n# EOF\n"))
            #expect(text.contains("lxcfs_container_memory_limit_bytes{id=\"\(found.id)\"} \(Bench.memory)\n"))
            container.stop()
            #expect(Machine.wait(15) { (try? listed(container)) == .some(nil) }, "a container that ended is not listed")
        }

        @Test(arguments: [ContainerNamespaces.own, .hostPIDs])
        func anInspectionShowsWhatTheContainerReadsAndWhy(namespaces: ContainerNamespaces) throws {
            let container = try Bench.container(Limits(memory: Bench.memory, cpus: 1), namespaces: namespaces)
            let files = ["proc/meminfo", "proc/cpuinfo", "proc/stat", "sys/devices/system/cpu/online"]
            let reply = try inspect(container, files)
            #expect(reply.container.reads == 0, "it was only looked at")
            #expect(reply.rule == (namespaces == .own ? .`init` : .own))
            #expect(reply.explanation.contains("rocess \(container.pid)") && reply.explanation.contains("/" + container.cgroup.path))
            #expect(Set(reply.views.map(\.file)) == Set(files) && reply.views.allSatisfy { $0.problem == nil })
            for (file, name) in [("proc/meminfo", "MemTotal:"), ("proc/stat", "btime"), ("proc/cpuinfo", "processor")] {
                let view = try #require(reply.views.first { $0.file == file })
                let host = Machine.read("/" + file)
                #expect(try line(name, of: view.container) == line(name, of: container.read("/" + file)), "\(file)")
                #expect(line(name, of: view.host) == line(name, of: host), "\(file)")
            }
            let online = reply.views.first { $0.file == "sys/devices/system/cpu/online" }
            #expect(try online?.container == container.read("/sys/devices/system/cpu/online"))
        }

        @Test func everyLimitIsInTheFileThatIsNamed() throws {
            let outer = try TestCgroup(Limits(memory: Bench.memory, cpus: 1, pids: 99))
            let inner = try TestCgroup(below: outer, name: "inner", Limits(cpuset: "\(Machine.cpus[0])"))
            let container = try Bench.container(cgroup: inner)
            let limits = try inspect(container, ["meminfo"]).limits
            func limit(_ name: String) throws -> LXCFSControl.Limit { try #require(limits.first { $0.name == name }, "\(name)") }
            for limit in limits where limit.value != "none" {
                let file = try #require(limit.file)
                #expect(Machine.read(file) == limit.value + "\n", "\(file)")
                #expect(limit.isInherited == (limit.cgroup != "/" + inner.path), "\(limit)")
            }
            #expect(try limit("memory").value == "\(Bench.memory)" && limit("memory").meaning == "256 MiB")
            for name in ["memory", "cpu quota", "tasks"] { #expect(try limit(name).cgroup == "/" + outer.path, "\(name)") }
            #expect(try limit("tasks").value == "99" && limit("cpu quota").meaning.hasPrefix("1 CPU:"))
            if Machine.cpus.count > 1 { #expect(try limit("cpus").cgroup == "/" + inner.path && limit("cpus").meaning == "1 CPU") }
        }

        @Test func theNextWorkerKnowsTheContainersBeforeTheyReadAgain() throws {
            let daemon = try LXCFSProcess()
            let containers = try [ContainerNamespaces.own, .hostPIDs].map {
                try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint, namespaces: $0)
            }
            func ids() throws -> Set<String> {
                Set(try call(ListContainers.self, Nothing(), of: daemon).containers.map(\.id).filter { $0.contains("lxcfs-test-") })
            }
            for container in containers { _ = try container.read("/proc/meminfo") }
            let before = try ids()
            #expect(before.count == 2)
            let worker = try #require(daemon.worker)
            kill(worker, SIGKILL)
            #expect(Machine.wait(20) { daemon.worker.map { $0 != worker } ?? false })
            #expect(Machine.wait(20) { (try? ids()) == before })
            _ = try call(Reload.self, .init(), of: daemon)
            #expect(Machine.wait(20) { (try? ids()) == before })
            withExtendedLifetime(containers) {}
        }

        @Test(.enabled(if: !Machine.isVirtual, "the same on every machine"))
        func theStatusIsTrueAfterACrashAReloadAndTheEndOfTheKeeper() throws {
            let daemon = try LXCFSProcess()
            defer { daemon.stop() }
            func status() throws -> GetStatus.Reply { try call(GetStatus.self, Nothing(), of: daemon) }
            func pid(_ role: LXCFSControl.Process.Role, _ status: GetStatus.Reply) throws -> pid_t {
                pid_t(try #require(status.processes.first { $0.role == role }).pid)
            }
            for _ in 0..<5 { _ = Machine.read(daemon.mountPoint + "/proc/uptime") }
            let first = try status()
            #expect(first.problems == [] && first.health == .healthy && first.mount.isAlive && first.mount.path == daemon.mountPoint)
            #expect(
                first.generation == 1 && first.crashes == 0 && first.reads >= 5
                    && first.files.contains { $0.file == "proc/uptime" && $0.reads >= 5 })
            #expect(try pid(.keeper, first) == daemon.command.pid && first.program.onDisk == .same)

            kill(try pid(.worker, first), SIGKILL)
            #expect(Machine.wait(20) { (try? status().crashes) == 1 })
            let second = try status()
            #expect(
                second.generation == 2 && second.reads >= first.reads && second.startedAt.distance(to: first.startedAt).magnitude < 1000)
            #expect(try pid(.worker, second) != pid(.worker, first) && second.problems == [])

            let reloaded = try call(Reload.self, .init(), of: daemon)
            let third = try status()
            #expect(third.reload.outcome == .succeeded && third.reload.count == 1 && third.generation == reloaded.generation)
            #expect(third.reload.pauseMicroseconds == reloaded.pauseMicroseconds && third.reads >= second.reads && third.problems == [])

            #expect(try Command.run(["mount", "-t", "tmpfs", "none", daemon.mountPoint]).succeeded)
            let covered = try status()
            #expect(covered.health == .degraded && !covered.mount.isAlive)
            #expect(covered.problems.contains { $0.text.contains("tmpfs") && $0.remedy == "umount \(daemon.mountPoint)" })
            #expect(try Command.run(["umount", daemon.mountPoint]).succeeded)
            #expect(try status().problems == [])

            let worker = try pid(.worker, third)
            daemon.command.signal(SIGKILL)
            // Its end is not waited for: that would end its group.
            #expect(Machine.wait(20) { (try? status().problems.contains { $0.text.contains("keeper is gone") }) == true })
            kill(worker, SIGTERM)
            #expect(Machine.wait(20) { kill(worker, 0) != 0 })
        }
    }
}
