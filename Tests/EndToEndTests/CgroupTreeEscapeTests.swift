import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    /// What has gone wrong in the C program and in the kernel. Each test does the same where nothing protects, and sees that it has an effect there.
    @Suite("Escapes")
    struct Escapes {
        /// A process in the container's cgroup `name` that is none of the container's.
        private func stranger(in cgroup: TestCgroup, user: UInt32 = 0) throws -> Command {
            let drop = user == 0 ? "" : "setpriv --reuid \(user) --regid \(user) --clear-groups "
            let command = try Command(["sh", "-c", "\(TestContainer.joinScript(cgroup))\nexec \(drop)sleep 1000000"])
            try #require(Machine.wait(10) { Machine.read("/proc/\(command.pid)/comm") == "sleep\n" })
            return command
        }

        private func isMember(_ pid: Int32, of folder: String) -> Bool {
            Machine.words(Machine.read(folder + "/cgroup.procs") ?? "").contains("\(pid)")
        }

        /// CVE-2015-1342: a container's path led to the cgroups above its own and beside it.
        @Test func aPathLeadsNoHigherThanTheOwnCgroup() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let parent = try TestCgroup(delegates: false, Limits(memory: 1 << 30))
            let own = try TestCgroup(below: parent, name: "own", delegates: false)
            let sibling = try TestCgroup(below: parent, name: "own-sibling", delegates: false, Limits(memory: 1 << 30))
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own)
            let direct = try CgroupTreeContainer(.root, hierarchy, mountPoint: nil, cgroup: own)
            let limits = [parent, sibling].map { $0.directory(in: hierarchy) + "/memory.limit_in_bytes" }
            let paths = { (container: CgroupTreeContainer) in
                [
                    "..", "../own/..", "a/../..", "./.././", "../own-sibling", "../../\(parent.path)", "../../\(parent.path)/own-sibling",
                    container.root + "/" + parent.path, container.root + "//\(parent.path)/own/../own-sibling/",
                    String(repeating: "../", count: 30) + container.root.dropFirst() + "/\(parent.path)/own-sibling",
                    "/proc/self/root" + container.root + "/\(parent.path)", "in:..", "in:a/../..", "in:../own-sibling",
                ]
            }
            let operations = { (container: CgroupTreeContainer) in
                ["mkdir a"]
                    + paths(container).flatMap { path in
                        ["write", "read"].map { verb in
                            let file = (path.hasPrefix("in:") ? String(path.dropFirst(3)) : path) + "/memory.limit_in_bytes"
                            return (path.hasPrefix("in:") ? "in . " : "") + verb + " " + file + (verb == "write" ? " 900M" : "")
                        }
                    }
            }
            let lines = try container.operate(operations(container))
            #expect(lines.first == "mkdir a -> ok" && lines.count == 29)
            for line in lines.dropFirst() { #expect(line.components(separatedBy: " -> ").last?.hasPrefix("ENOENT") == true, "\(line)") }
            for file in limits { #expect(Machine.read(file) == "\(1 << 30)\n") }

            let control = try direct.operate(Array(operations(direct).dropFirst()))
            for line in control { #expect(line.contains(" -> ok"), "the same in cgroupfs: \(line)") }
            for file in limits { #expect(Machine.read(file) == "\(900 << 20)\n") }
        }

        /// Every file of the cgroups above, in every hierarchy: it is there, and not for the container.
        @Test(arguments: CgroupTreeRun.controllers) func noFileOfAnAncestorIsThere(controller: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy(controller)
            let parent = try TestCgroup(delegates: false)
            let own = try TestCgroup(below: parent, name: "own", delegates: false)
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own)
            let files = Machine.names(in: parent.directory(in: hierarchy)).filter { $0 != "own" }
            #expect(files.count > 4 && files.contains { $0.hasPrefix(controller + ".") }, "\(files)")
            let operations = files.flatMap { file in
                [
                    "stat ../\(file)", "access ../\(file) 0", "read ../\(file)", "write ../\(file) 1", "truncate ../\(file) 0",
                    "chmod ../\(file) 0666",
                ]
            }
            for line in try container.operate(operations) {
                #expect(line.hasSuffix(" -> ENOENT") || line.hasSuffix(" -> ENOENT (open)"), "\(line)")
            }
            // The same program in cgroupfs.
            let direct = try CgroupTreeContainer(.root, hierarchy, mountPoint: nil, cgroup: own)
            let seen = try direct.operate(files.map { "stat ../\($0)" })
            #expect(seen.count == files.count && seen.allSatisfy { $0.contains(" -> ok") }, "\(seen)")
        }

        /// CVE-2015-1344: the daemon wrote whatever pid it was given, with its own rights.
        @Test(arguments: ["cgroup.procs", "tasks"]) func nobodyMovesProcessesThatAreNotHis(file: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let elsewhere = try TestCgroup()
            let roots = try stranger(in: elsewhere)
            let his = try stranger(in: elsewhere, user: 12345)
            defer {
                roots.kill()
                his.kill()
            }
            // He sees all pids of the host, owns the cgroup, and may open its files.
            let own = try TestCgroup()
            let container = try CgroupTreeContainer(.owner, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own, namespaces: .hostPIDs)
            let place = own.directory(in: hierarchy)
            let write = { (pid: Int32) in try container.operate(["write \(file) \(pid)"]).joined() }
            #expect(try write(roots.pid) == "write \(file) \(roots.pid) -> EACCES")
            #expect(isMember(roots.pid, of: elsewhere.directory(in: hierarchy)) && !isMember(roots.pid, of: place))
            // It is not that nothing can be moved.
            #expect(try write(his.pid) == "write \(file) \(his.pid) -> ok")
            #expect(isMember(his.pid, of: place))
            // And the daemon could.
            try Machine.write("\(roots.pid)", to: place + "/" + file)
            #expect(isMember(roots.pid, of: place))
        }

        /// Root of a container with pids of its own names no process outside, whatever number he writes.
        @Test func aNumberIsOneOfTheCallersNamespace() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let elsewhere = try TestCgroup()
            let foreign = try stranger(in: elsewhere)
            defer { foreign.kill() }
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let lines = try container.operate([
                "write cgroup.procs \(foreign.pid)", "write tasks \(foreign.pid)", "write tasks \(container.container.pid)",
            ])
            for line in lines { #expect(line.hasSuffix(" -> ESRCH"), "\(line)") }
            #expect(isMember(foreign.pid, of: elsewhere.directory(in: hierarchy)))
            try Machine.write("\(foreign.pid)", to: container.cgroup.directory(in: hierarchy) + "/cgroup.procs")
            #expect(isMember(foreign.pid, of: container.cgroup.directory(in: hierarchy)))
        }

        /// A container may not give itself devices, although the daemon may.
        @Test func devicesAreNotAllowedWithoutTheCapability() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("devices")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let place = container.cgroup.directory(in: hierarchy)
            try Machine.write("a", to: place + "/devices.deny")
            let operations = [
                "write devices.allow a", "write devices.allow c\\x201:3\\x20rwm", "write devices.deny a", "read devices.list",
            ]
            let without = ["setpriv", "--bounding-set", "-sys_admin", "--"]
            for base in [container.base, place] {
                let lines = try container.container.run(without + [CgroupTreeRun.program(), "do", base] + operations).output
                let ends = lines.split(separator: "\n").map { String($0).components(separatedBy: " -> ").last }
                #expect(ends == ["EPERM", "EPERM", "EPERM", "ok "], "\(base): \(lines)")
            }
            #expect(Machine.read(place + "/devices.list") == "")
            // With the capability, by the same way; the daemon has it.
            #expect(try container.operate([operations[1]]) == [operations[1] + " -> ok"])
            #expect(Machine.read(place + "/devices.list") == "c 1:3 rwm\n")
            // A user namespace's capability is none here.
            let mapped = try CgroupTreeContainer(.mappedRoot, hierarchy, mountPoint: Bench.mountPoint())
            let other = mapped.cgroup.directory(in: hierarchy)
            try Machine.write("a", to: other + "/devices.deny")
            let lines = try mapped.container.run([CgroupTreeRun.program(), "do", mapped.base, operations[0]]).output
            #expect(lines == "write devices.allow a -> EPERM\n" && Machine.read(other + "/devices.list") == "")
        }

        /// What is open for a user is written by a set-uid program with the user's rights, not with root's.
        @Test(arguments: ["cgroup.procs", "tasks", "notify_on_release"]) func aSetUIDProgramIsNotMadeToWrite(file: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let elsewhere = try TestCgroup()
            let roots = try stranger(in: elsewhere)
            defer { roots.kill() }
            let own = try TestCgroup()
            let container = try CgroupTreeContainer(.owner, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own, namespaces: .hostPIDs)
            let place = own.directory(in: hierarchy)
            let text = file == "notify_on_release" ? "1" : "\(roots.pid)"
            let program = try CgroupTreeRun.installed("set-uid/cgroup-tree")
            let say = { (base: String, uid: Int) throws in
                try container.container.run(["sh", "-c", "exec \"$0\" say \"$1\" >\"$2\"", program, text, base + "/" + file], uid: uid)
                    .errors
            }
            #expect(try say(container.base, 12345) == "euid 0: EACCES\n")
            #expect(!isMember(roots.pid, of: place) && Machine.read(place + "/notify_on_release") == "0\n")
            // Where root himself has opened it, it is written.
            #expect(try say(container.base, 0) == "euid 0: ok\n")
            #expect(isMember(roots.pid, of: place) || Machine.read(place + "/notify_on_release") == "1\n")
        }

        /// A descriptor of a cgroup that is gone, and of one that was made again with its name.
        @Test func whatIsOpenStaysWithItsCgroup() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let direct = try CgroupTreeContainer(.root, hierarchy, mountPoint: nil)
            let operations = [
                "mkdir a", "mkdir b", "keep 0 a/memory.limit_in_bytes rw", "keep 1 a dir", "kept-write 0 64M", "kept-read 0 100 0",
                "rmdir a", "kept-read 0 100 0",
                "kept-write 0 128M", "kept-mkdir 1 x", "kept-open 1 tasks", "mkdir a", "kept-write 0 128M", "kept-mkdir 1 x", "rename b a",
                "rmdir a", "rename b a",
                "kept-write 0 128M", "kept-open 1 tasks", "kept-open 1 ../tasks", "read a/memory.limit_in_bytes",
            ]
            let lines = try container.operate(operations)
            #expect(lines == (try direct.operate(operations)))
            #expect(lines[7...8] == ["kept-read 0 100 0 -> ENODEV", "kept-write 0 128M -> ENODEV"])
        }

        /// A group changes places with another one between the moment at which its path is looked up and the one at which it is opened.
        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func whatIsOpenIsNeverThatOfAnotherOne() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let count = SurvivalRun.isLong ? 50_000 : 2000
            let place = container.cgroup.directory(in: hierarchy)
            let lines = try container.run(["swaps", "1", "\(count)", container.base], options: ["--hierarchy", place])
            #expect(lines == ["reached; another one was reached 0 times; a 1, b 0"])
        }

        /// A cgroup's folder over which something else is mounted where the daemon runs: what it shows is the cgroup. Where it can have no mounts of its own, as
        /// before Linux 5.2, it shows nothing.
        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow), arguments: [false, true])
        func whatIsMountedOverACgroupIsNotShown(isWithoutCopies: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let own = try TestCgroup()
            let covered = ["early", "late"].map { own.directory(in: hierarchy) + "/" + $0 }
            for folder in covered { try #require(mkdir(folder, 0o755) == 0) }
            let other = try TestCgroup()
            let value = other.directory(in: hierarchy) + "/notify_on_release"
            try Machine.write("1", to: value)
            let folder = try TemporaryFolder()
            let script = """
                mkdir "$1/mnt" && mount --bind "$2" "$3" || exit 1
                shift 3
                exec "$@"
                """
            let filter = isWithoutCopies ? [try CgroupTreeRun.program(), "without-open-tree"] : []
            let daemon = try Command(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", folder.path]
                    + [other.directory(in: hierarchy), covered[0]] + filter
                    + [LXCFSProcess.binary, "--runtime-dir", folder.path] + LXCFSProcess.options + [folder.path + "/mnt"])
            defer {
                daemon.signal(SIGTERM)
                _ = daemon.wait()
                withExtendedLifetime(folder) {}
            }
            let enter = { (command: [String]) in ["nsenter", "-t", "\(daemon.pid)", "--mount", "--"] + command }
            let isServing = { (Machine.read("/proc/\(daemon.pid)/mountinfo") ?? "").contains(" \(folder.path)/mnt ") }
            try #require(Machine.wait(15) { isServing() || !daemon.isRunning } && daemon.isRunning, "\(daemon.errorsSoFar)")
            try #require(Command.run(enter(["mount", "--bind", other.directory(in: hierarchy), covered[1]])).succeeded)
            let operations = ["early", "late"].flatMap { name in
                ["read \(name)/notify_on_release", "write \(name)/notify_on_release 0", "stat \(name)"]
            }
            let look = { (base: String) throws in
                let join = TestContainer.joinScript(own) + "\nexec \"$@\""
                let asked = enter([try CgroupTreeRun.program(), "do", base] + operations)
                return try Command.run(["sh", "-c", join, "sh"] + asked).output.split(separator: "\n").map(String.init)
            }
            // It is mounted there.
            let mounted = try look(own.directory(in: hierarchy))
            #expect(mounted.count == 6 && mounted[0] == "read early/notify_on_release -> ok 1|", "\(mounted)")
            #expect(Machine.read(value) == "0\n")
            try Machine.write("1", to: value)
            let lines = try look(CgroupTreeRun.place(of: hierarchy, mountPoint: folder.path + "/mnt") + "/" + own.path)
            for (operation, line) in zip(operations, lines) {
                let expected = isWithoutCopies ? " -> EXDEV" : operation.hasPrefix("read") ? " -> ok 0|" : " -> ok"
                #expect(line.hasPrefix(operation + expected), "\(line)")
            }
            #expect(lines.count == operations.count)
            #expect(Machine.read(value) == "1\n")
        }
    }
}
