internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    @Suite(
        "lxcfsctl top", .serialized,
        .enabled(if: ControlProgram.isBuilt, "lxcfsctl is not built: swift build --product lxcfsctl"),
        .enabled(if: Machine.program("tmux") != nil, "a terminal to look at needs tmux"),
        .enabled(if: !Machine.isVirtual, "what a terminal shows is the same on every cgroup layout"))
    struct Top {
        private func terminal(_ socket: String) throws -> TerminalScreen {
            try TerminalScreen(columns: 110, rows: 24, environment: ["LXCFS_CONTROL_SOCKET=" + socket])
        }

        /// Starts it between two looks at the terminal's settings, which are to be the same.
        private func start(in screen: TerminalScreen) throws {
            try screen.type("stty -g >\(settings)-before; \(ControlProgram.path) top; echo \"ended $?\"; stty -g >\(settings)-after")
        }

        private let settings = "/tmp/lxcfs-test-stty-\(getpid())"

        private func expectTerminalAsBefore(_ screen: TerminalScreen) {
            #expect(screen.waitFor("ended 0") != nil, "\(screen.lines)")
            #expect(Machine.wait(5) { Machine.read(settings + "-after")?.isEmpty == false })
            #expect(Machine.read(settings + "-before") == Machine.read(settings + "-after"))
            #expect(screen.property("alternate_on") == "0" && screen.property("cursor_flag") == "1")
            #expect(screen.lines.contains { $0.contains("stty -g") }, "what was there before is in sight again")
            for name in ["-before", "-after"] { unlink(settings + name) }
        }

        /// The process that runs in the shell of the terminal.
        private func process(in screen: TerminalScreen) throws -> pid_t {
            let shell = screen.property("pane_pid")
            let children = Machine.read("/proc/\(shell)/task/\(shell)/children") ?? ""
            return try #require(children.split(separator: " ").first.flatMap { pid_t($0) })
        }

        @Test func showsTheContainersTheFilesAndHelpAndGivesTheTerminalBack() throws {
            let daemon = try Bench.daemon()
            let container = try Bench.small()
            _ = try container.read("/proc/meminfo")
            let screen = try terminal(daemon.controlSocket)
            try start(in: screen)
            let containers = try #require(screen.waitFor("256 MiB"), "\(screen.lines)")
            #expect(containers[0].hasPrefix("lxcfs ") && containers[3].hasPrefix("NAME "), "\(containers)")
            #expect(containers.contains { $0.contains("q quit") })
            #expect(screen.property("alternate_on") == "1" && screen.property("cursor_flag") == "0")
            try screen.press("f")
            #expect(screen.waitFor("proc/meminfo") != nil, "\(screen.lines)")
            try screen.press("h")
            #expect(screen.waitFor("any key: back") != nil, "\(screen.lines)")
            try screen.press("x")
            try screen.resize(columns: 60, rows: 10)
            #expect(Machine.wait(10) { screen.lines.count >= 10 && screen.lines[9].contains("f containers") }, "\(screen.lines)")
            try screen.resize(columns: 110, rows: 24)
            try screen.press("q")
            expectTerminalAsBefore(screen)
        }

        @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
        func aSignalGivesTheTerminalBack(signal: Int32) throws {
            let screen = try terminal(Bench.daemon().controlSocket)
            try start(in: screen)
            #expect(screen.waitFor("q quit") != nil, "\(screen.lines)")
            kill(try process(in: screen), signal)
            expectTerminalAsBefore(screen)
        }

        @Test func aDaemonThatGoesAwayIsWaitedFor() throws {
            let folder = try TemporaryFolder()
            let daemon = try LXCFSProcess(in: folder)
            let screen = try terminal(daemon.controlSocket)
            try start(in: screen)
            #expect(screen.waitFor("generation 1") != nil, "\(screen.lines)")
            #expect(daemon.stop() == .exited(0))
            #expect(screen.waitFor("no lxcfs is running") != nil, "\(screen.lines)")
            let second = try LXCFSProcess(in: folder)
            #expect(Machine.wait(10) { !screen.lines.contains { $0.contains("no lxcfs is running") } }, "\(screen.lines)")
            #expect(screen.lines.first?.contains("no answer") == false, "\(screen.lines)")
            try screen.press("C-c")
            expectTerminalAsBefore(screen)
            #expect(second.stop() == .exited(0))
        }

        @Test func withoutATerminalItIsOneTable() throws {
            let daemon = try Bench.daemon()
            let container = try Bench.small()
            _ = try container.read("/proc/meminfo")
            let result = try Command.run(
                [ControlProgram.path, "top", "--interval", "0.2"], environment: ["LXCFS_CONTROL_SOCKET=" + daemon.controlSocket])
            #expect(result.succeeded && result.errors.isEmpty && !result.output.contains("\u{1b}"), "\(result)")
            #expect(result.output.hasPrefix("NAME ") && result.output.contains("256 MiB"), "\(result)")
        }
    }
}
