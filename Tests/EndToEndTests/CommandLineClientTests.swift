internal import Glibc
import TestContainers
import Testing

/// The program under test.
enum ControlProgram {
    static let path = LXCFSProcess.built("lxcfsctl")
    static let isBuilt = Machine.exists(path)
}

extension EndToEnd {
    @Suite(
        "lxcfsctl", .serialized,
        .enabled(if: ControlProgram.isBuilt, "lxcfsctl is not built: swift build --product lxcfsctl"),
        .enabled(
            if: !Machine.isVirtual, "what lxcfsctl does with answers is the same on every cgroup layout; the slow machine tests the answers"
        ))
    struct CommandLineClient {
        /// A daemon of its own for what changes something.
        private func ask(_ daemon: LXCFSProcess, _ arguments: String..., seconds: Double = 30) throws -> CommandResult {
            try Command.run([ControlProgram.path] + arguments, environment: environment(daemon), seconds: seconds)
        }

        private func environment(_ daemon: LXCFSProcess) -> [String] { ["LXCFS_CONTROL_SOCKET=" + daemon.controlSocket] }

        private func lineCount(_ text: String) -> Int { text.split(separator: "\n").count }

        @Test func whereNoDaemonRunsOneSentenceSaysWhatToDo() throws {
            for command in [
                ["status"], ["status", "--json"], ["containers"], ["reload"], ["events"], ["top"], ["show", "1", "stat"], ["mounts"],
            ] {
                let result = try Command.run([ControlProgram.path] + command + ["--socket", "/tmp/lxcfs-test-nobody.sock"])
                #expect(result.end == .exited(3) && result.output.isEmpty, "\(command): \(result)")
                #expect(
                    lineCount(result.errors) == 1 && result.errors.contains("/tmp/lxcfs-test-nobody.sock: start it"),
                    "\(command): \(result)")
            }
        }

        @Test func whoMayNotOpenTheSocketIsToldSo() throws {
            let daemon = try Bench.daemon()
            let result = try Command.run(
                ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", ControlProgram.path, "status"],
                environment: environment(daemon))
            #expect(result.end == .exited(4) && result.output.isEmpty && lineCount(result.errors) == 1, "\(result)")
            #expect(result.errors.contains("sudo") && result.errors.contains("group"), "\(result)")
        }

        @Test func theStatusIsThatOfTheDaemon() throws {
            let daemon = try LXCFSProcess()
            let healthy = try ask(daemon, "status", "--verbose")
            let isHealthy = healthy.output.hasPrefix("healthy: lxcfs ")
            #expect(healthy.end == .exited(isHealthy ? 0 : 1) && healthy.errors.isEmpty, "\(healthy)")
            #expect(healthy.output.contains(daemon.mountPoint) && healthy.output.contains("generation 1"), "\(healthy)")
            #expect(healthy.output.contains("\(daemon.command.pid)"), "the keeper's pid: \(healthy)")
            #expect(!healthy.output.contains("\u{1b}"), "no colours where there is no terminal")
            // New containers would get an empty folder.
            #expect(try Command.run(["mount", "-t", "tmpfs", "nothing", daemon.mountPoint]).succeeded)
            defer { umount2(daemon.mountPoint, Int32(MNT_DETACH)) }
            let degraded = try ask(daemon, "status")
            #expect(degraded.end == .exited(1) && degraded.output.hasPrefix("degraded: "), "\(degraded)")
            #expect(degraded.output.contains("  problem: ") && degraded.output.contains("  remedy:  "), "\(degraded)")
            let text = try ask(daemon, "status", "--json")
            #expect(text.end == .exited(1) && text.output.contains("\"health\" : \"degraded\""), "\(text)")
        }

        @Test func reloadSaysWhatServesNowAndForHowLongNobodyDid() throws {
            let daemon = try LXCFSProcess()
            let result = try ask(daemon, "reload")
            #expect(result.succeeded && result.output.contains(": generation 2, nobody served for "), "\(result)")
            let begun = try ask(daemon, "reload", "--no-wait")
            #expect(begun.succeeded && lineCount(begun.output) == 1, "\(begun)")
            #expect(Machine.wait(15) { (try? ask(daemon, "status"))?.output.contains("generation 3") == true })
            #expect(try ask(daemon, "reload", "--json").output.contains("\"generation\" : 4"))
        }

        @Test func virtualizationIsSwitchedForContainers() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint)
            for (wish, memory) in [("off", Machine.memory), ("on", Bench.memory)] {
                #expect(try ask(daemon, "virtualization", wish).output == "virtualization is \(wish) now\n")
                #expect(try ask(daemon, "virtualization", wish).output == "virtualization was \(wish) already\n")
                #expect(try Machine.field("MemTotal", of: container.read("/proc/meminfo")) == memory / 1024)
                #expect(try ask(daemon, "virtualization").output.hasPrefix("virtualization is \(wish): "))
            }
        }

        @Test func aContainerIsListedInspectedAndShown() throws {
            let daemon = try Bench.daemon()
            let container = try Bench.small()
            _ = try container.read("/proc/meminfo")
            let listed = try ask(daemon, "containers", "--wide")
            #expect(listed.succeeded && listed.output.split(separator: "\n").contains { $0.contains(" \(container.pid) ") }, "\(listed)")
            let inspected = try ask(daemon, "inspect", "\(container.pid)")
            #expect(inspected.succeeded && inspected.output.contains("256 MiB"), "\(inspected)")
            #expect(inspected.output.contains("proc/cpuinfo") && inspected.output.contains("1 CPU"), "\(inspected)")
            let online = try ask(daemon, "show", "\(container.pid)", "sys/devices/system/cpu/online")
            #expect(try online.output == container.read("/sys/devices/system/cpu/online"), "exactly the text: \(online)")
            let host = try ask(daemon, "show", "\(container.pid)", "meminfo", "--host")
            #expect(Machine.field("MemTotal", of: host.output) == Machine.memory / 1024, "\(host)")
            let unknown = try ask(daemon, "show", "\(container.pid)", "no/such/file")
            #expect(unknown.end == .exited(1) && unknown.output.isEmpty && lineCount(unknown.errors) == 1, "\(unknown)")
        }

        @Test func filesArePutIntoAContainerAndTakenOutAgain() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: nil)
            let attached = try ask(daemon, "attach", "\(container.pid)", "meminfo", "uptime")
            #expect(attached.succeeded && attached.output.contains("2 mounted") && attached.output.contains("/proc/uptime"), "\(attached)")
            #expect(try Machine.field("MemTotal", of: container.read("/proc/meminfo")) == Bench.memory / 1024)
            let repaired = try ask(daemon, "repair", "\(container.pid)")
            #expect(repaired.succeeded, "\(repaired)")
            let detached = try ask(daemon, "detach", "\(container.pid)")
            #expect(detached.succeeded && detached.output.contains("2 removed"), "\(detached)")
            #expect(try Machine.field("MemTotal", of: container.read("/proc/meminfo")) == Machine.memory / 1024)
            let refused = try ask(daemon, "attach", "\(getpid())")
            #expect(refused.end == .exited(1) && refused.output.isEmpty && lineCount(refused.errors) == 1, "\(refused)")
        }

        @Test func eventsAreToldAsTheyHappenAndGoOnAfterARestart() throws {
            let folder = try TemporaryFolder()
            let daemon = try LXCFSProcess(in: folder)
            let events = try Command([ControlProgram.path, "events", "--json"], environment: environment(daemon))
            #expect(Machine.wait(10) { events.outputSoFar.contains(#""kind":"subscribed""#) }, "\(events.errorsSoFar)")
            _ = try ask(daemon, "reload")
            #expect(Machine.wait(10) { events.outputSoFar.contains(#""kind":"reloaded""#) }, "\(events.outputSoFar)")
            #expect(daemon.stop() == .exited(0))
            #expect(Machine.wait(10) { events.errorsSoFar.contains("waiting for it to come back") }, "\(events.errorsSoFar)")
            let second = try LXCFSProcess(in: folder)
            let isBack = Machine.wait(10) { events.outputSoFar.split(separator: "\n").filter { $0.contains("subscribed") }.count == 2 }
            #expect(isBack, "\(events.outputSoFar)")
            #expect(events.outputSoFar.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "one object a line")
            events.signal(SIGINT)
            #expect(events.wait() == .exited(0))
            #expect(second.stop() == .exited(0))
        }

        @Test func aSignalThatIsIgnoredDoesNotEndIt() throws {
            let daemon = try LXCFSProcess()
            // As nohup starts it.
            let script = "trap '' HUP; exec \(ControlProgram.path) events"
            let events = try Command(["bash", "-c", script], environment: environment(daemon))
            #expect(Machine.wait(10) { events.outputSoFar.contains("subscribed") }, "\(events.errorsSoFar)")
            events.signal(SIGHUP)
            _ = try ask(daemon, "reload")
            #expect(Machine.wait(10) { events.outputSoFar.contains("reloaded") }, "\(events.outputSoFar)")
            events.signal(SIGTERM)
            #expect(events.wait() == .exited(0))
        }

        @Test func nothingElseIsWrittenToInPlaceOfAClosedOutput() throws {
            let daemon = try Bench.daemon()
            for command in ["events", "status", "mounts"] {
                let result = try Command.run(["bash", "-c", "\(ControlProgram.path) \(command) >&-"], environment: environment(daemon))
                #expect(result.end == .exited(1) && result.errors.contains("Bad file descriptor"), "\(command): \(result)")
            }
        }

        @Test func metricsReplaceTheirFileInOneStep() throws {
            let daemon = try Bench.daemon()
            let folder = try TemporaryFolder()
            let file = folder.path + "/lxcfs.prom"
            for _ in 0..<2 {
                let result = try ask(daemon, "metrics", "--output", file)
                #expect(result.succeeded && result.output.isEmpty, "\(result)")
                // What node_exporter reads knows neither infos nor an end.
                #expect(Machine.read(file)?.hasPrefix("# TYPE lxcfs_build_info gauge\n") == true)
            }
            #expect(Machine.names(in: folder.path) == ["lxcfs.prom"])
            let refused = try ask(daemon, "metrics", "--output", folder.path + "/no/such/folder/x.prom")
            #expect(refused.end == .exited(1) && refused.errors.contains("no/such/folder"), "\(refused)")
        }

        @Test func aReaderThatGoesEndsItQuietly() throws {
            let daemon = try Bench.daemon()
            // Also where whoever started it ignores the signal, as systemd does.
            let script = "trap '' PIPE; { \(ControlProgram.path) status; echo \"status $?\" >&2; } | true"
            let result = try Command.run(["bash", "-c", script], environment: environment(daemon))
            #expect(result.output.isEmpty && !result.errors.contains("lxcfsctl"), "\(result)")
            let full = try Command.run(["sh", "-c", "\(ControlProgram.path) status >/dev/full"], environment: environment(daemon))
            #expect(full.end == .exited(1) && full.errors.contains("No space left"), "\(full)")
        }
    }
}
