import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    /// What is done is done with exactly the caller's rights. Each test asks cgroupfs the same.
    @Suite("With whose rights")
    struct CallersRights {
        private func operations(_ expected: [String]) -> [String] { expected.map { $0.components(separatedBy: " -> ")[0] } }

        /// In cgroupfs first, then in the tree.
        private func expect(
            _ expected: [String], _ hierarchy: CgroupMounts.Hierarchy, as user: [String], uid: Int = 0, program: String? = nil,
            prepare: (CgroupTreeContainer) throws -> Void
        ) throws {
            for mountPoint in [nil, try Bench.mountPoint()] {
                let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: mountPoint)
                defer { container.end() }
                try prepare(container)
                let asked = [try program ?? CgroupTreeRun.program(), "do", container.base] + operations(expected)
                let lines = try container.container.run(user + asked, uid: uid).output.split(separator: "\n").map(String.init)
                #expect(lines == expected, "\(user), \(mountPoint == nil ? "cgroupfs" : "the tree")")
            }
        }

        /// Groups give rights, and take some away: who is in the group of a file has not the rights of the others.
        @Test(arguments: [true, false]) func supplementaryGroupsCount(isMember: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let expected =
                isMember
                ? [
                    "write notify_on_release 1 -> ok", "read cgroup.clone_children -> EACCES", "access cgroup.clone_children 4 -> EACCES",
                    "mkdir given/a -> ok", "stat given/a -> ok 755 54321 54321 2 0 directory", "list closed -> EACCES",
                ]
                : [
                    "write notify_on_release 1 -> EACCES (open)", "read cgroup.clone_children -> ok 0|",
                    "access cgroup.clone_children 4 -> ok", "mkdir given/a -> EACCES", "stat given/a -> ENOENT", "list closed/a -> ENOENT",
                ]
            // The first and the last of several: none is left out.
            let groups = isMember ? ["--groups", "4711,4712,4713"] : ["--clear-groups"]
            try expect(expected, hierarchy, as: ["setpriv", "--reuid", "54321", "--regid", "54321"] + groups + ["--"]) { container in
                let place = container.cgroup.directory(in: hierarchy)
                let given: [(String, gid_t, mode_t)] = [
                    ("notify_on_release", 4711, 0o660), ("cgroup.clone_children", 4713, 0o604), ("given", 4711, 0o775),
                    ("closed", 4713, 0o705),
                ]
                for (name, group, mode) in given {
                    if !name.contains("_") { try #require(mkdir(place + "/" + name, 0o755) == 0) }
                    try #require(chown(place + "/" + name, 0, group) == 0 && chmod(place + "/" + name, mode) == 0)
                }
            }
        }

        /// A set-uid or set-gid program that asks whether the one who called it may do something, access(2), is not told what it may do itself.
        @Test(arguments: ["set-uid", "set-gid"]) func accessIsThatOfTheRealUser(kind: String) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let byGroup = [
                "access notify_on_release 2 -> ok", "access-as-real notify_on_release 2 -> EACCES",
                "access-as-real notify_on_release 4 -> ok", "write notify_on_release 1 -> ok", "access tasks 2 -> EACCES",
            ]
            let byUser = [
                "access . 2 -> ok", "access-as-real . 2 -> EACCES", "access tasks 2 -> ok", "access-as-real tasks 2 -> EACCES",
                "access-as-real tasks 4 -> ok", "mkdir a -> ok", "chmod a 0700 -> ok", "access a/tasks 4 -> ok",
                "access-as-real a/tasks 4 -> EACCES", "access-as-real a/none 0 -> EACCES", "write a/notify_on_release 1 -> ok",
            ]
            let program = try CgroupTreeRun.installed(kind + "/cgroup-tree")
            try expect(kind == "set-uid" ? byUser : byGroup, hierarchy, as: [], uid: 12345, program: program) { container in
                let file = container.cgroup.directory(in: hierarchy) + "/notify_on_release"
                try #require(chown(file, 0, 4711) == 0 && chmod(file, 0o664) == 0)
            }
        }

        /// To another cpuset a task is moved by who has all capabilities that it has.
        @Test(arguments: [true, false]) func whoHasFewerCapabilitiesThanATaskDoesNotMoveIt(hasFewer: Bool) throws {
            let hierarchy = try CgroupTreeRun.hierarchy("cpuset")
            let expected = [
                "mkdir a -> ok", "write a/cpuset.cpus 0 -> ok", "write a/cpuset.mems 0 -> ok", "move a/tasks child0 -> ok",
                "move a/tasks parent -> \(hasFewer ? "EPERM" : "ok")", "read a/tasks -> ok child0\(hasFewer ? "" : " other")",
            ]
            // The shell, its parent, has them all.
            let fewer = ["sh", "-c", "setpriv --bounding-set \(hasFewer ? "-sys_nice,-chown" : "-sys_time") -- \"$@\"; exit 0", "sh"]
            try expect(expected, hierarchy, as: fewer) { _ in }
        }
    }
}
