import Glibc
import TestContainers
import Testing

extension EndToEnd.CgroupTree {
    @Suite("Bounds")
    struct Bounds {
        /// getxattr(2), which Swift's Glibc module does not have.
        private typealias Get = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int

        private func counts(_ folder: String) throws -> Bool {
            let get = unsafeBitCast(try #require(dlsym(nil, "getxattr")), to: Get.self)
            return get(folder, "trusted.lxcfs.makes-cgroups", nil, 0) >= 0
        }

        /// A pid namespace in a container is no new container: else each would have as many cgroups once more.
        @Test func whatANestedPIDNamespaceMakesCountsForTheContainer() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("pids")
            let own = try TestCgroup()
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: own)
            #expect(try container.operate(["mkdir outer"]) == ["mkdir outer -> ok"])
            let inner = try TestCgroup(below: own, name: "inner", delegates: false)
            let nested = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: inner)
            #expect(try nested.operate(["mkdir more"]) == ["mkdir more -> ok"])
            #expect(try counts(own.directory(in: hierarchy)))
            #expect(try !counts(inner.directory(in: hierarchy)))
            // A container that has none above it counts for itself.
            let other = try TestCgroup()
            let beside = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint(), cgroup: other)
            #expect(try !counts(other.directory(in: hierarchy)))
            #expect(try beside.operate(["mkdir own"]) == ["mkdir own -> ok"])
            #expect(try counts(other.directory(in: hierarchy)))
        }

        /// What is written there names descriptors of the writer, and would be taken for the daemon's.
        @Test func descriptorsAreNotTakenForTheDaemons() throws {
            let hierarchy = try CgroupTreeRun.hierarchy("memory")
            let container = try CgroupTreeContainer(.root, hierarchy, mountPoint: Bench.mountPoint())
            let lines = try container.operate(["write cgroup.event_control 0\\x200"])
            #expect(lines.count == 1)
            #expect(lines.allSatisfy { $0.hasSuffix(" -> EOPNOTSUPP") || $0.hasSuffix(" -> ENOTSUP") }, "\(lines)")
        }
    }
}
