internal import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// Where the control socket is, who makes it, and who may use it.
    @Suite("The control socket", .serialized)
    struct ControlSocket {
        /// Of all this only who is there (SO_PEERPIDFD) depends on the kernel.
        private static let onlyHere: Comment = "the same on every kernel"

        private static let info = "{\"method\":\"org.varlink.service.GetInfo\"}\0"

        private func answers(_ path: String) -> Bool {
            guard let client = try? RawClient(path) else { return false }
            return client.send(Self.info) && client.receive()?.contains("interfaces") == true
        }

        /// Sends one call and prints the reply, as somebody else.
        private func ask(_ method: String, _ parameters: String, _ socket: String, as prefix: [String]) throws -> String {
            let program = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.connect(sys.argv[1])
                s.sendall(b'{"method":"io.lxcfs.Control.' + sys.argv[2].encode() + b'","parameters":' + sys.argv[3].encode() + b',"more":true}\\0')
                print(s.recv(65536))
                """
            let result = try Command.run(prefix + ["/usr/bin/python3", "-c", program, socket, method, parameters])
            return result.output + result.errors
        }

        @Test(.enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"))
        func onlyRootOfTheHostMayChangeSomething() throws {
            let folder = try TemporaryFolder()
            let daemon = try LXCFSProcess(["--control-group", "nogroup"], in: folder)
            let off = "{\"enabled\":false}"
            let user = ["setpriv", "--reuid", "1000", "--regid", "nogroup", "--clear-groups"]
            #expect(try ask("Subscribe", "{}", daemon.controlSocket, as: user).contains("subscribed"))
            #expect(try ask("SetVirtualization", off, daemon.controlSocket, as: user).contains("io.lxcfs.Control.NotPermitted"))
            let other = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]
            #expect(try ask("Subscribe", "{}", daemon.controlSocket, as: other).contains("PermissionError"))
            // Root in a container, which the socket was mounted into.
            for namespaces in [["unshare", "--pid", "--fork"], ["unshare", "--user", "--map-root-user"]] {
                let answer = try ask("SetVirtualization", off, daemon.controlSocket, as: namespaces)
                #expect(answer.contains("io.lxcfs.Control.NotPermitted") && answer.contains("root in a container"), "\(answer)")
                #expect(try ask("Subscribe", "{}", daemon.controlSocket, as: namespaces).contains("subscribed"))
            }
            // The same in a container that shares the host's pids.
            let powerless = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
            let answer = try ask("SetVirtualization", off, daemon.controlSocket, as: powerless)
            #expect(answer.contains("io.lxcfs.Control.NotPermitted") && answer.contains("CAP_SYS_ADMIN"), "\(answer)")
            #expect(daemon.logLines("host's values") == 0)
            #expect(try ask("SetVirtualization", off, daemon.controlSocket, as: []).contains("\"wasEnabled\":true"))
            #expect(daemon.logLines("host's values") == 1)
            #expect(daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !Machine.isVirtual, onlyHere)) func theSecondDaemonGoesOnWithoutUnlessItIsTold() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder)
            let place = folder.path + "/second"
            mkdir(place, 0o755)
            let arguments = [LXCFSProcess.binary, "--runtime-dir", folder.path, "--pidfile", place + "/pid"] + LXCFSProcess.options
            let second = try Command(arguments + [place])
            #expect(Machine.wait(15) { LXCFSProcess.isServing(place) }, "\(second.errorsSoFar)")
            #expect(second.errorsSoFar.contains("warning") && second.errorsSoFar.contains("--control-socket"))
            second.signal(SIGTERM)
            #expect(second.wait() == .exited(0))
            #expect(Machine.exists(first.controlSocket) && answers(first.controlSocket))
            let third = try Command.run(arguments + ["--control-socket", first.controlSocket, place])
            #expect(third.end == .exited(1) && third.errors.contains("Another lxcfs serves the control socket"), "\(third)")
            let fourth = try Command.run(arguments + ["--control-group", "no-such-group", place])
            #expect(fourth.end == .exited(1) && fourth.errors.contains("no group no-such-group"), "\(fourth)")
            #expect(answers(first.controlSocket))
            #expect(first.stop() == .exited(0))
        }

        @Test(.enabled(if: !Machine.isVirtual, onlyHere)) func aSocketThatADeadDaemonLeftIsReplaced() throws {
            let folder = try TemporaryFolder()
            mkdir(folder.path + "/lxcfs", 0o755)
            let path = folder.path + "/lxcfs/control.sock"
            _ = try Command.run(["python3", "-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path])
            try #require(Machine.exists(path))
            let daemon = try LXCFSProcess(in: folder)
            #expect(Machine.wait(10) { answers(path) })
            #expect(daemon.stop() == .exited(0))
            #expect(!Machine.exists(path))
        }

        /// Starts the daemon as systemd does for a socket unit, or with what it was given to keep: descriptor 3 listens, the environment says so.
        private func activated(_ folder: TemporaryFolder, socket path: String, name: String) throws -> LXCFSProcess {
            let program = folder.path + "/activate"
            let script = """
                #!/usr/bin/python3
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.bind('\(path)')
                os.chmod('\(path)', 0o660)
                s.listen()
                early = socket.socket(socket.AF_UNIX)
                early.connect('\(path)')
                early.send(b'{"method":"org.varlink.service.GetInfo"}\\0')
                if os.fork() == 0:
                    open('\(folder.path)/early', 'w').write(early.recv(1000).decode())
                    os._exit(0)
                if s.fileno() != 3: os.dup2(s.fileno(), 3)
                os.set_inheritable(3, True)
                os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES='\(name)', LISTEN_PID=str(os.getpid()))
                os.execv('\(LXCFSProcess.binary)', ['lxcfs'] + sys.argv[1:])
                """
            try Machine.write(script + "\n", to: program, creating: true)
            chmod(program, 0o755)
            return try LXCFSProcess(in: folder, binary: program)
        }

        @Test(
            .enabled(if: !Machine.isVirtual, onlyHere),
            .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"),
            .enabled(if: hasSystemdLibrary, "not installed: apt-get install libsystemd0"), arguments: ["lxcfs.socket", "lxcfs-control"])
        func aSocketOfTheServiceManagerIsServed(name: String) throws {
            let folder = try TemporaryFolder()
            mkdir(folder.path + "/lxcfs", 0o755)
            let isKept = name == "lxcfs-control"
            let path = folder.path + (isKept ? "/lxcfs/control.sock" : "/activated.sock")
            let daemon = try activated(folder, socket: path, name: name)
            // Who connected before the daemon was there, too.
            #expect(
                Machine.wait(10) { Machine.read(folder.path + "/early")?.contains("interfaces") == true }, "\(daemon.command.errorsSoFar)")
            #expect(answers(path))
            #expect(Machine.exists(daemon.controlSocket) == isKept)
            kill(try #require(daemon.waitUntilSettled()), SIGKILL)
            #expect(answers(path))
            #expect(daemon.stop() == .exited(0))
            // A socket unit's is systemd's to remove; what nobody keeps any more is ours.
            #expect(Machine.exists(path) != isKept)
        }

        private static let hasSystemdLibrary = ["x86_64", "aarch64"].contains { Machine.exists("/usr/lib/\($0)-linux-gnu/libsystemd.so.0") }

        @Test(.enabled(if: !Machine.isVirtual, onlyHere)) func whereThereIsNoRoomContainersAreServedAllTheSame() throws {
            let folder = try TemporaryFolder()
            // A file where the folder should be.
            try Machine.write("", to: folder.path + "/lxcfs", creating: true)
            let daemon = try LXCFSProcess(in: folder)
            #expect(daemon.logLines("error", "control socket", "cannot be made") == 1, "\(daemon.command.errorsSoFar)")
            #expect(daemon.stop() == .exited(0))
        }
    }
}
