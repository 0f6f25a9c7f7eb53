import Glibc
import TestContainers
import TestSupport
import Testing

extension EndToEnd {
    /// MOUNTPOINT/cgroup: Documentation/cgroup-tree.md.
    @Suite("The cgroup tree", .serialized, .enabled(if: CgroupTreeRun.isHere, CgroupTreeRun.none))
    struct CgroupTree {}
}

extension EndToEnd.CgroupTree {
    /// Whoever asks gets from the tree what he gets from cgroupfs.
    @Suite("Like cgroupfs")
    struct Same {
        /// How many operations there are in a sequence.
        static let count = SurvivalRun.isLong ? 5000 : SurvivalRun.isSlow ? 100 : 300

        /// All callers and all hierarchies, if not each with each.
        private static let cases: [(CgroupTreeCaller, String)] =
            CgroupTreeRun.all(or: [
                (.root, "memory"), (.mappedRoot, "cpuset"), (.root, "cpuset"), (.root, "devices"), (.owner, "pids"), (.owner, "freezer"),
                (.mappedRoot, "memory"),
            ])

        @Test(arguments: cases)
        func randomOperationsHaveTheSameResults(caller: CgroupTreeCaller, controller: String) throws {
            for seed in CgroupTreeRun.seeds { try expectSameResults(caller, CgroupTreeRun.hierarchy(controller), seed) }
        }

        private func expectSameResults(_ caller: CgroupTreeCaller, _ hierarchy: CgroupMounts.Hierarchy, _ seed: UInt64) throws {
            let lines = try [nil, Bench.mountPoint()].map { mountPoint in
                let container = try CgroupTreeContainer(caller, hierarchy, mountPoint: mountPoint)
                defer { container.end() }
                return try container.run(["sequence", "\(seed)", "\(Same.count)", container.base])
            }
            #expect(lines[0].count > Same.count / 2 && lines[0].count { $0.contains(" -> ok") } > Same.count / 10, "\(lines[0])")
            #expect(CgroupTreeRun.differences(lines[1], from: lines[0]) == "", "\(caller), seed \(seed)")
        }

        /// What the program compares would be worth nothing if it printed something else every time.
        @Test(arguments: SurvivalRun.isLong ? CgroupTreeRun.controllers : ["memory"])
        func cgroupfsIsLikeItself(controller: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy(controller)
            let lines = try (0..<2).map { _ in
                let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: nil)
                defer { container.end() }
                return try container.run(["sequence", "\(CgroupTreeRun.seed)", "\(Same.count)", container.base])
            }
            #expect(lines[0] == lines[1] && lines[0].count > Same.count / 2)
        }

        /// Who moves a task to another cpuset must have all of the task's capabilities, by their numbers, or CAP_SYS_NICE for it. In a user namespace there are
        /// all; a daemon that has not, as in a container, cannot have them for the caller.
        @Test(arguments: [false, true]) func whoHasMoreCapabilitiesThanTheDaemonStaysInHisCpuset(hasMore: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("cpuset")
            let own = try #require(UInt64(CgroupTreeRun.permittedCapabilities, radix: 16))
            let last = try #require(Machine.read("/proc/sys/kernel/cap_last_cap").flatMap { UInt64(Machine.words($0).first ?? "") })
            let isLacking = own != (2 << last) &- 1
            let container = try CgroupTreeContainer(.mappedRoot, hierarchy, mountPoint: Bench.mountPoint())
            let operations = [
                "mkdir a", "write a/cpuset.cpus 0", "write a/cpuset.mems 0", "move a/tasks self", "read a/cgroup.procs",
            ]
            let mask = hasMore ? "ffffffffffffffff" : CgroupTreeRun.permittedCapabilities
            let program = [try CgroupTreeRun.program(), "--without-capabilities", mask, "do", container.base]
            let lines = try container.container.run(program + operations).output.split(separator: "\n").map(String.init)
            let moves = !(hasMore && isLacking)
            #expect(
                Array(lines.suffix(2)) == [
                    "move a/tasks self -> \(moves ? "ok" : "EPERM")", "read a/cgroup.procs -> ok\(moves ? " self" : "")",
                ])
        }

        /// What root of a user namespace can do in cgroupfs and not here: all that takes a capability.
        @Test func capabilitiesOfAUserNamespaceAreNotTaken() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let operations = [
                "mkdir a", "chown a 1 1", "stat a", "chmod a 0700", "mkdir b", "chmod b/tasks 0", "read b/tasks",
                "write b/notify_on_release 1",
                "chown b 0 -1", "rmdir b",
            ]
            let lines = try [nil, Bench.mountPoint()].map { mountPoint in
                let container = try CgroupTreeContainer(.mappedRoot, hierarchy, mountPoint: mountPoint)
                defer { container.end() }
                // Of the arguments, without the option that gives capabilities up.
                let result = try container.container.run([CgroupTreeRun.program(), "do", container.base] + operations)
                return result.output.split(separator: "\n").map(String.init)
            }
            #expect(
                lines[0] == [
                    "mkdir a -> ok", "chown a 1 1 -> ok", "stat a -> ok 755 1 1 2 0 directory", "chmod a 0700 -> ok", "mkdir b -> ok",
                    "chmod b/tasks 0 -> ok", "read b/tasks -> ok", "write b/notify_on_release 1 -> ok", "chown b 0 -1 -> ok",
                    "rmdir b -> ok",
                ], "cgroupfs: \(lines[0])")
            #expect(
                lines[1] == [
                    "mkdir a -> ok", "chown a 1 1 -> EPERM", "stat a -> ok 755 0 0 2 0 directory", "chmod a 0700 -> ok", "mkdir b -> ok",
                    "chmod b/tasks 0 -> ok", "read b/tasks -> EACCES", "write b/notify_on_release 1 -> ok", "chown b 0 -1 -> ok",
                    "rmdir b -> ok",
                ], "the tree: \(lines[1])")
        }
    }

    /// Random operations by paths that lead out, from a caller that is confined.
    @Suite("Fuzz")
    struct Fuzz {
        static let count = SurvivalRun.isLong ? 20_000 : 300

        /// A parent with two children: the caller's, and a foreign one with a process and a group below.
        private final class Family {
            let parent: TestCgroup
            let own: TestCgroup
            let sibling: TestCgroup
            let nephew: TestCgroup
            let stranger: Command

            init() throws {
                parent = try TestCgroup(delegates: false, Limits(memory: 1 << 30))
                own = try TestCgroup(below: parent, name: "own", delegates: false)
                sibling = try TestCgroup(below: parent, name: "sibling", delegates: false, Limits(memory: 512 << 20))
                nephew = try TestCgroup(below: sibling, name: "nephew", delegates: false)
                stranger = try Command(["sh", "-c", TestContainer.joinScript(sibling) + "\nexec sleep 1000000"])
                let all = sibling.processFiles
                let pid = stranger.pid
                try #require(Machine.wait(10) { all.allSatisfy { Machine.words(Machine.read($0) ?? "").contains("\(pid)") } })
            }

            /// Everything outside the caller's, in every hierarchy.
            var snapshot: [String] {
                CgroupMounts.all.flatMap { CgroupTreeRun.snapshot(parent.directory(in: $0), without: own.directory(in: $0)) }
            }

            func end() {
                stranger.kill()
                for cgroup in [own, nephew, sibling, parent] { cgroup.remove() }
            }
        }

        private func fuzz(
            _ caller: CgroupTreeCaller, _ controller: String, mountPoint: String?, _ family: Family, count: Int = Fuzz.count,
            namespaces: ContainerNamespaces? = nil
        ) throws -> [String] {
            let container = try CgroupTreeContainer(
                caller, CgroupTreeRun.hierarchy(controller), mountPoint: mountPoint, cgroup: family.own, namespaces: namespaces)
            defer { container.container.stop() }
            let options = [
                "--hierarchy", container.root, "--above", family.parent.path, "--outside", family.sibling.path, "--outside",
                family.nephew.path, "--foreign-pid", "\(family.stranger.pid)",
            ]
            return try container.run(
                ["fuzz", "\(CgroupTreeRun.seed)", "\(count)", container.base], options: options, seconds: SurvivalRun.isLong ? 600 : 120)
        }

        private static let cases: [(CgroupTreeCaller, String)] = CgroupTreeRun.all(or: [
            (.root, "memory"), (.owner, "pids"), (.mappedRoot, "devices"),
        ])

        @Test(arguments: cases)
        func nothingOutsideChanges(caller: CgroupTreeCaller, controller: String) throws {
            try expectNothingOutsideChanges(caller, controller)
        }

        /// Who knows the pids of all processes outside.
        @Test(arguments: [CgroupTreeCaller.root, .owner])
        func norWithTheHostsPids(caller: CgroupTreeCaller) throws {
            try expectNothingOutsideChanges(caller, "memory", namespaces: .hostPIDs)
        }

        private func expectNothingOutsideChanges(
            _ caller: CgroupTreeCaller, _ controller: String, namespaces: ContainerNamespaces? = nil
        ) throws {
            let family = try Family()
            defer { family.end() }
            // The program as it is shipped takes a third of the time.
            let daemon = SurvivalRun.isLong ? try SurvivalRun.daemon() : nil
            defer { daemon?.stop() }
            let before = family.snapshot
            let lines = try fuzz(caller, controller, mountPoint: daemon?.mountPoint ?? Bench.mountPoint(), family, namespaces: namespaces)
            #expect(
                lines == ["\(Fuzz.count) tried, 0 had an effect or told something"],
                "seed \(CgroupTreeRun.seed): \(lines.prefix(20)) \(lines.suffix(1))")
            #expect(CgroupTreeRun.differences(family.snapshot, from: before) == "", "seed \(CgroupTreeRun.seed)")
            #expect(before.count > 40 && before.contains { $0.contains("\(family.stranger.pid)") })
        }

        /// The same operations where nothing protects: they reach what is outside, and it is seen.
        @Test func theOperationsWouldChangeWhatIsOutside() throws {
            let family = try Family()
            defer { family.end() }
            let before = family.snapshot
            let lines = try fuzz(.root, "memory", mountPoint: nil, family, count: 2000)
            let names = Set(lines.filter { $0.hasPrefix("ESCAPED") }.compactMap { $0.split(separator: " ").dropFirst().first })
            #expect(names.isSuperset(of: ["read", "write", "mkdir", "rmdir", "chmod", "chown", "utimes", "stat", "look"]), "\(names)")
            let after = family.snapshot
            #expect(after != before)
            // The mode of the foreign group, and the value of one of its limits.
            let sibling = family.sibling.directory(in: try CgroupTreeRun.hierarchy("memory"))
            #expect(after.contains { $0.hasPrefix(sibling + ": 40777") })
        }
    }
}
