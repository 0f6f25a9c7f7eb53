import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    /// An init that moves itself to a cgroup below its container's, as init systems do.
    @Suite("An init that moves")
    struct MovingInit {
        /// Moves pid 1 to `a`, itself too, and says what it sees from there: its own path, the container's, the one above.
        private static let away = [
            "mkdir a", "write a/cgroup.procs 1", "write a/cgroup.procs 0", "list ..", "read a/cgroup.clone_children", "mkdir b", "rmdir b",
            "write notify_on_release 0",
        ]
        private static let moved = [
            "mkdir a -> ok", "write a/cgroup.procs 1 -> ok", "write a/cgroup.procs 0 -> ok", "read a/cgroup.clone_children -> ok 0|",
            "mkdir b -> ok", "rmdir b -> ok", "write notify_on_release 0 -> ok",
        ]

        private func isMember(_ pid: Int32, of folder: String) -> Bool {
            Machine.words(Machine.read(folder + "/cgroup.procs") ?? "").contains("\(pid)")
        }

        /// What somebody in the init's new cgroup does in the container's.
        private func operateThere(_ container: CgroupTreeContainer, _ operations: [String]) throws -> [String] {
            Array(try container.operate(["write a/cgroup.procs 0"] + operations).dropFirst())
        }

        @Test func itAndItsChildrenKeepTheirContainer() throws {
            let daemon = try SurvivalRun.daemon()
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: daemon.mountPoint)
            defer { container.end() }
            let place = container.cgroup.directory(in: hierarchy)
            let lines = try container.operate(MovingInit.away)
            #expect(lines.filter { !$0.hasPrefix("list") } == MovingInit.moved, "\(lines)")
            #expect(lines.contains("list .. -> ok ../ ./ \(container.cgroup.path)/"), "\(lines)")
            #expect(isMember(container.container.pid, of: place + "/a"))

            // A worker that has never seen the init elsewhere.
            for event in [SIGUSR1, SIGKILL] {
                let old = try #require(daemon.waitUntilSettled())
                if event == SIGUSR1 { daemon.command.signal(SIGUSR1) } else { kill(old, SIGKILL) }
                _ = try #require(daemon.waitForWorker(otherThan: old), "\(daemon.command.errorsSoFar)")
                let expected = ["mkdir b -> ok", "rmdir b -> ok", "list .. -> ok ../ ./ \(container.cgroup.path)/"]
                #expect(try operateThere(container, ["mkdir b", "rmdir b", "list .."]) == expected)
            }
            // And back.
            let back = ["write cgroup.procs 1", "write cgroup.procs 0", "rmdir a", "list .."]
            let lastLines = try operateThere(container, back)
            #expect(
                lastLines == [
                    "write cgroup.procs 1 -> ok", "write cgroup.procs 0 -> ok", "rmdir a -> ok",
                    "list .. -> ok ../ ./ \(container.cgroup.path)/",
                ])
            #expect(isMember(container.container.pid, of: place) && !Machine.exists(place + "/a"))
            #expect(daemon.stop() == .exited(0))
        }

        /// What the move left at the cgroup is of use to that container only, whoever gets the cgroups below it, or one of its name.
        @Test(arguments: [false, true]) func anotherContainerInItsPlaceInheritsNothing(isMadeAnew: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let parent = try TestCgroup(delegates: false)
            let first = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: parent)
            let lines = try first.operate(MovingInit.away + ["write cgroup.procs 0"])
            #expect(lines.filter { $0.contains("-> ok") }.count == MovingInit.away.count + 1, "\(lines)")
            // The first one sees the parent from below it: the mark is there.
            #expect(try operateThere(first, ["mkdir c", "rmdir c"]) == ["mkdir c -> ok", "rmdir c -> ok"])
            first.container.stop()
            let place = parent.directory(in: hierarchy)
            try #require(Machine.wait(10) { (Machine.read(place + "/a/cgroup.procs") ?? "").isEmpty && rmdir(place + "/a") == 0 })
            if isMadeAnew {
                try #require(Machine.wait(10) { rmdir(place) == 0 })
                mkdir(place, 0o755)
            }
            // It lives where the first one's init had gone.
            let below = try TestCgroup(below: parent, name: "a", delegates: false)
            let second = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: below)
            defer { second.end() }
            let expected = [
                "list .. -> ok ../ ./ a/", "read ../memory.limit_in_bytes -> ENOENT", "write ../notify_on_release 1 -> ENOENT (open)",
                "mkdir ../b -> EACCES", "write cgroup.procs 0 -> ok", "mkdir b -> ok", "write b/cgroup.procs 1 -> ok",
                "write b/cgroup.procs 0 -> ok", "list .. -> ok ../ ./ a/", "mkdir ../b -> EACCES", "mkdir c -> ok", "rmdir c -> ok",
            ]
            #expect(try second.operate(expected.map { $0.components(separatedBy: " -> ")[0] }) == expected)
        }
    }
}
