import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    /// Who sees what, and who may do what.
    @Suite("Who may what")
    struct Callers {
        /// `stat .. -> ok` and the like: what must come of an operation, or what it must begin with where there is a `...` at the end.
        private func expect(_ lines: [String], _ expected: [String], _ who: String) {
            #expect(lines.count == expected.count, "\(who): \(lines)")
            let wrong = zip(lines, expected).filter { line, wanted in
                wanted.hasSuffix("...") ? !line.hasPrefix(wanted.dropLast(3)) : line != wanted
            }
            #expect(wrong.isEmpty, "\(who):\n\(wrong.map { "\($0), expected \($1)" }.joined(separator: "\n"))")
        }

        private func operations(_ expected: [String]) -> [String] { expected.map { $0.components(separatedBy: " -> ")[0] } }

        // MARK: Above and beside

        /// What everybody must get who is not the host: `P` is the parent.
        private static func outside(_ parent: String) -> [String] {
            [
                "list .. -> ok ../ ./ own/", "list ../.. -> ok ../ ./ \(parent)/", "stat .. -> ok 555 ...", "access .. 5 -> ok",
                "access .. 2 -> EACCES", "read ../cgroup.procs -> ENOENT", "stat ../tasks -> ENOENT",
                "read ../memory.limit_in_bytes -> ENOENT", "write ../memory.limit_in_bytes -1 -> ENOENT (open)",
                "move ../cgroup.procs self -> ENOENT (open)", "move ../tasks 0 -> ENOENT (open)",
                "move ../../cgroup.procs 0 -> ENOENT (open)",
                "stat ../sibling -> ENOENT", "list ../sibling -> ENOENT", "access ../sibling 0 -> ENOENT",
                "read ../sibling/tasks -> ENOENT",
                "write ../sibling/notify_on_release 1 -> ENOENT (open)", "mkdir ../sibling/x -> ENOENT", "chmod ../sibling 0777 -> ENOENT",
                "chown ../sibling 0 0 -> ENOENT", "rmdir ../sibling -> ENOENT", "rename ../sibling ../other -> ENOENT",
                "rename ../sibling/nephew nephew -> ENOENT", "stat ../nobody -> ENOENT", "mkdir ../new -> EACCES",
                "mkdir ../sibling -> EACCES",
                "mkdir ../own -> EEXIST", "rmdir ../own -> EBUSY", "rmdir ../../\(parent) -> EBUSY", "rename ../own ../new -> EACCES",
                "chmod .. 0777 -> EACCES", "chown .. 12345 -1 -> EACCES", "utimes .. 1 -> EACCES", "chmod ../.. 0777 -> EACCES",
                "mkdir ../../lxcfs-test-new -> EACCES", "list ../../lxcfs-test-none -> ENOENT",
            ]
        }

        @Test(arguments: ["root", "owner", "mapped root", "somebody", "with the host's pids"])
        func nobodySeesWhatIsBeside(who: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let parent = try TestCgroup(delegates: false)
            let own = try TestCgroup(below: parent, name: "own", delegates: false)
            let sibling = try TestCgroup(below: parent, name: "sibling", delegates: false)
            let nephew = try TestCgroup(below: sibling, name: "nephew", delegates: false)
            let caller: CgroupTreeCaller = who == "owner" ? .owner : who == "mapped root" ? .mappedRoot : .root
            let container = try CgroupTreeContainer(
                caller, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own, namespaces: who == "with the host's pids" ? .hostPIDs : nil)
            defer { container.end() }
            let options = who == "somebody" ? ["--uid", "54321"] : []
            let expected = Callers.outside(parent.path)
            expect(try container.operate(operations(expected), options: options), expected, who)
            // The same names are there for who may see them: it is not for want of them that nobody does.
            for cgroup in [parent, own, sibling, nephew] { #expect(Machine.exists(cgroup.directory(in: hierarchy) + "/cgroup.procs")) }
        }

        @Test func anotherContainerSeesNothingOfIt() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let first = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let second = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let expected = [
                "list . -> ENOENT", "stat . -> ENOENT", "read cgroup.procs -> ENOENT", "write notify_on_release 1 -> ENOENT (open)",
                "mkdir a -> ENOENT", "chmod . 0777 -> ENOENT", "chown . 0 0 -> ENOENT", "move cgroup.procs self -> ENOENT (open)",
                "list .. -> ENOENT",
            ]
            // The last one: nothing of a path that leads through it.
            expect(try second.run(["do", first.base] + operations(expected)), expected, "the second")
            expect(
                try first.operate(["list .", "stat .", "mkdir a"]), ["list . -> ok ...", "stat . -> ok 755...", "mkdir a -> ok"],
                "the first")
            // All that it sees of the whole is its own.
            expect(try second.run(["do", second.root, "list ."]), ["list . -> ok ../ ./ \(second.cgroup.path)/"], "the second")
        }

        @Test func whoIsNotConfinedInOneHierarchySeesNothingThere() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let expected = [
                "list . -> ok ../ ./", "stat cgroup.procs -> ENOENT", "stat \(container.cgroup.path) -> ENOENT",
                "mkdir lxcfs-test-none -> EACCES",
            ]
            let look = { (leave: String) throws in
                let script = leave + "\nexec \"$@\""
                let program = [try CgroupTreeRun.program(), "do", container.root] + operations(expected)
                return try container.container.run(["sh", "-c", script, "sh"] + program).output.split(separator: "\n").map(String.init)
            }
            expect([try look("")[0]], ["list . -> ok ../ ./ \(container.cgroup.path)/"], "confined")
            try Machine.write("\(container.container.pid)", to: hierarchy.mountPoint + "/cgroup.procs")
            expect(try look("echo 0 > \(hierarchy.mountPoint)/cgroup.procs || exit 1"), expected, "not confined")
        }

        @Test func theHostSeesEverything() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let cgroup = try TestCgroup()
            let place = CgroupTreeRun.place(of: hierarchy, mountPoint: try Bench.mountPoint())
            let join = CgroupMounts.all.map { "echo 0 > \($0.mountPoint)/cgroup.procs || exit 1" }.joined(separator: "\n")
            let look = { (root: String) throws -> [String] in
                let operations = [
                    "list .", "stat .", "read \(cgroup.path)/memory.limit_in_bytes", "stat \(cgroup.path)/tasks", "mkdir \(cgroup.path)/a",
                    "rmdir \(cgroup.path)/a",
                ]
                let result = try Command.run(["sh", "-c", join + "\nexec \"$@\"", "sh", CgroupTreeRun.program(), "do", root] + operations)
                return result.output.split(separator: "\n").map(String.init)
            }
            var lines: [String] = []
            var expected: [String]?
            // Others make and remove cgroups too: what is there before and after was there in between.
            for _ in 0..<50 where expected == nil {
                let before = try look(hierarchy.mountPoint)
                lines = try look(place)
                if try look(hierarchy.mountPoint) == before { expected = before }
            }
            #expect(lines == expected)
            #expect(lines.count == 6 && lines[0].contains(" release_agent ") && lines[0].contains(cgroup.path))
        }

        // MARK: Own and below

        private static let byRoot = [
            "mkdir a -> ok", "stat a -> ok 755 0 0 2 0 directory", "stat a/tasks -> ok 644 0 0 1 file",
            "write a/memory.limit_in_bytes 64M -> ok", "read a/memory.limit_in_bytes -> ok 67108864|", "move a/cgroup.procs child0 -> ok",
            "read a/tasks -> ok child0", "rmdir a -> EBUSY", "move cgroup.procs child0 -> ok", "chmod a 0700 -> ok",
            "chown a 12345 54321 -> ok",
            "stat a -> ok 700 12345 54321 2 0 directory", "mkdir a/b -> ok", "rmdir a -> EBUSY", "rename a b -> ok", "rmdir b/b -> ok",
            "rmdir b -> ok",
            "write memory.stat x -> EINVAL", "open none creat+w -> EACCES",
        ]
        private static let byOwner = [
            "mkdir a -> ok", "stat a -> ok 755 12345 12345 2 0 directory", "stat a/tasks -> ok 644 12345 12345 1 file",
            "write a/memory.limit_in_bytes 64M -> ok", "read a/memory.limit_in_bytes -> ok 67108864|", "move a/cgroup.procs child0 -> ok",
            "read a/tasks -> ok child0", "rmdir a -> EBUSY", "move cgroup.procs child0 -> ok", "move a/tasks foreign -> EACCES",
            "chmod a 0500 -> ok",
            "mkdir a/b -> EACCES", "chown a 54321 -1 -> EPERM", "chown a -1 54321 -> EPERM", "chown a -1 12345 -> ok", "rename a b -> ok",
            "rmdir b -> ok",
        ]
        private static let byMappedRoot = [
            "mkdir a -> ok", "stat a -> ok 755 0 0 2 0 directory", "move a/cgroup.procs child0 -> ok", "read a/tasks -> ok child0",
            "write a/memory.limit_in_bytes 64M -> ok", "read a/memory.limit_in_bytes -> ok 67108864|", "chmod a 0500 -> ok",
            "mkdir a/b -> EACCES",
            "chown a 1 -1 -> EPERM", "move cgroup.procs child0 -> ok", "rmdir a -> ok",
        ]
        private static let bySomebody = [
            "list . -> ok ...", "stat . -> ok 755 0 0 ...", "read memory.limit_in_bytes -> ok 9...",
            "write memory.limit_in_bytes -1 -> EACCES (open)",
            "mkdir a -> EACCES", "rmdir given -> EACCES", "chmod . 0777 -> EPERM", "chmod tasks 0777 -> EPERM", "chown . 54321 -1 -> EPERM",
            "move cgroup.procs child0 -> EACCES (open)", "access . 2 -> EACCES", "access tasks 2 -> EACCES", "access tasks 4 -> ok",
            "rename given taken -> EACCES", "utimes . 1 -> EPERM", "open none creat+w -> EACCES",
        ]

        @Test(arguments: ["root", "owner", "mapped root", "somebody"], [false, true])
        func inItsOwnEverybodyMayWhatCgroupfsLetsHimDo(who: String, inTheTree: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let (caller, expected): (CgroupTreeCaller, [String]) =
                switch who {
                case "owner": (.owner, Callers.byOwner)
                case "mapped root": (.mappedRoot, Callers.byMappedRoot)
                case "somebody": (.root, Callers.bySomebody)
                default: (.root, Callers.byRoot)
                }
            let container = try CgroupTreeContainer(caller, hierarchy, mountPoint: inTheTree ? Bench.mountPoint() : nil)
            if who == "somebody" { mkdir(container.cgroup.directory(in: hierarchy) + "/given", 0o755) }
            let options = who == "somebody" ? ["--uid", "54321"] : []
            expect(
                try container.operate(operations(expected), options: options), expected, "\(who), \(inTheTree ? "the tree" : "cgroupfs")")
        }
    }
}
