import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    /// tasks and cgroup.procs, in the pid namespace of whoever asks.
    @Suite("Pids", .installed("python3"))
    struct PIDs {
        /// What a process reads, and which pids it has around it: of a procfs of its own namespace.
        private static let members = """
            import os, sys
            shown = [int(n) for n in open(sys.argv[1] + '/' + sys.argv[2]).read().split()]
            all = [int(n) for n in os.listdir('/proc') if n.isdigit()]
            print(shown == sorted(all), os.getpid() in shown, len(shown), max(shown) < 1000)
            """

        @Test(arguments: ["cgroup.procs", "tasks"]) func theyAreThoseOfTheCallersNamespace(file: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("pids")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            // A process of the host's in the container's cgroup, which nobody in the container sees.
            let foreign = try Command(["sh", "-c", "\(TestContainer.joinScript(container.cgroup))\nexec sleep 1000000"])
            let companions = try (0..<3).map { _ in try container.container.start(["sleep", "1000000"]) }
            defer {
                foreign.kill()
                companions.forEach { $0.kill() }
            }
            let place = container.cgroup.directory(in: hierarchy) + "/cgroup.procs"
            #expect(Machine.wait(10) { Machine.words(Machine.read(place) ?? "").contains("\(foreign.pid)") })
            #expect(
                Machine.wait(10) {
                    (try? container.container.shell("ls -d /proc/[0-9]*/exe | wc -l")).flatMap { Int($0.filter(\.isNumber)) } ?? 0 >= 6
                })
            // Init, three, and Python itself.
            #expect(try container.container.python(PIDs.members, [container.base, file]) == "True True 5 True\n")
            // The host's own file has more: the foreign one, and those that hold the others from outside.
            #expect(Machine.words(Machine.read(place) ?? "").count > 5)
        }

        @Test func inANestedNamespaceTheyAreThoseOfThatOne() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("pids")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let nested = "exec unshare --mount --pid --fork --kill-child --mount-proc /usr/bin/python3 -c \"$0\" \"$@\""
            let look = { (file: String) throws in
                try container.container.run(["sh", "-c", nested, PIDs.members, container.base, file]).output
            }
            for file in ["cgroup.procs", "tasks"] { #expect(try look(file) == "True True 1 True\n") }
            // A number of the host's is none there, and its pid 2 is another one: the host's, kthreadd, nobody could move.
            let foreign = try Command(["sleep", "1000000"])
            defer { foreign.kill() }
            let place = container.cgroup.directory(in: hierarchy)
            let move = """
                import os, sys, time
                child = os.fork()
                if child == 0: time.sleep(1000)
                os.mkdir(sys.argv[1] + '/nested')
                def write(name, text):
                    file = os.open(sys.argv[1] + '/nested/' + name, os.O_WRONLY)
                    try: os.write(file, text)
                    except OSError as e: print(e.errno)
                write('tasks', sys.argv[2].encode())
                write('cgroup.procs', b'%d' % child)
                print(child, [l for l in open('/proc/%d/cgroup' % child) if ':pids:' in l][0].endswith('/nested\\n'))
                """
            let result = try container.container.run(["sh", "-c", nested, move, container.base, "\(foreign.pid)"])
            #expect(result.output == "3\n2 True\n", "\(result)")
            #expect(Machine.words(Machine.read(place + "/cgroup.procs") ?? "").contains("\(container.container.pid)"))
        }

        @Test(arguments: ["cgroup.procs", "tasks"]) func aThreadIsMovedByItsNumber(file: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("pids")
            let operations = ["mkdir a", "move a/\(file) thread", "read a/tasks", "read a/cgroup.procs", "read tasks"]
            let lines = try [nil, Bench.mountPoint()].map { mountPoint in
                try CgroupTreeContainer(.root, hierarchy, mountPoint: mountPoint).operate(operations)
            }
            #expect(lines[0] == lines[1])
            #expect(lines[0][2] == (file == "tasks" ? "read a/tasks -> ok thread" : "read a/tasks -> ok self thread"), "\(lines[0])")
        }

        /// Every way to write a number, and what is none.
        @Test func textsAreReadAsTheKernelReadsThem() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("pids")
            let forms = [
                "self", "0", "child0", "hex:child0", "upper:child0", "octal:child0", "line:child0", "blank:child0", "plus:child0",
                "minus:0", "octal:0", "long:child0",
                "minus:child0", "two:child0", "lines:child0", "tail:child0", "huge:child0", "text:child0", "dead", "-1", "99999999",
                "2147483647", "2147483648",
            ]
            let texts = [
                "\\n", "\\x20", "0\\x00", "0\\x00x", "\\x000", "-0", "+0", "0x", "0x0", "00", "08", "0b0", "0*4095", "0*4096", "0*4097",
                "\\x20*4095", "--0", "+-0", "0\\x0b", "\\xa00",
            ]
            let operations =
                ["mkdir a"]
                + (SurvivalRun.isSlow ? ["tasks"] : ["cgroup.procs", "tasks"]).flatMap { file in
                    forms.flatMap { ["move a/\(file) \($0)", "read a/tasks", "move \(file) child0", "move \(file) self"] }
                        + texts.flatMap { ["write a/\(file) \($0)", "read a/tasks", "move \(file) self"] }
                }
            let lines = try [nil, Bench.mountPoint()].map { mountPoint in
                try CgroupTreeContainer(.root, hierarchy, mountPoint: mountPoint).operate(operations)
            }
            let wrong = zip(lines[0], lines[1]).filter { $0 != $1 }.map { "\($1), cgroupfs: \($0)" }
            #expect(
                wrong.isEmpty && lines[0].count == operations.count && lines[1].count == operations.count,
                "\(wrong.joined(separator: "\n"))")
            // Both kinds are among them.
            #expect(
                lines[0].count { $0.hasSuffix("EINVAL") } > 10
                    && lines[0].count { $0.hasPrefix("read a/tasks -> ok ") && $0.hasSuffix("child0") } >= 6)
        }
    }
}
