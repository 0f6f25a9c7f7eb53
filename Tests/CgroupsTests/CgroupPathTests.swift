import Cgroups
import Testing

@Suite("Cgroup paths")
struct CgroupPathTests {
    @Test(arguments: [("", "/"), ("/", "/"), ("a", "/a"), ("/a/", "/a"), ("//", "/"), ("/a/b//", "/a/b")])
    func areAbsoluteWithoutATrailingSlash(text: String, path: String) {
        #expect(CgroupPath(text).text == path)
    }

    @Test func parentsEndAtTheRoot() {
        #expect(CgroupPath("/a/b").parent == CgroupPath("/a"))
        #expect(CgroupPath("/a").parent == .root)
        #expect(CgroupPath.root.parent == nil)
    }

    @Test func aNameThatBeginsAlikeIsNotBelow() {
        #expect(CgroupPath("/lxc/c1/x").isAtOrBelow(CgroupPath("/lxc/c1")))
        #expect(CgroupPath("/lxc/c1").isAtOrBelow(CgroupPath("/lxc/c1")))
        #expect(!CgroupPath("/lxc/c10").isAtOrBelow(CgroupPath("/lxc/c1")))
        #expect(CgroupPath("/lxc").isAtOrBelow(.root))
    }

    @Test func onlyALastInitScopeIsPruned() {
        #expect(CgroupPath("/c1/init.scope").removingInitScope == CgroupPath("/c1"))
        #expect(CgroupPath("/init.scope").removingInitScope == .root)
        #expect(CgroupPath("/init.scope/x").removingInitScope == CgroupPath("/init.scope/x"))
        #expect(CgroupPath("/my-init.scope").removingInitScope == CgroupPath("/my-init.scope"))
    }

    @Test func areRelativeToWhatIsMounted() {
        #expect(CgroupPath("/docker/c1/x").relative(to: CgroupPath("/docker/c1")) == "x")
        #expect(CgroupPath("/docker/c1").relative(to: CgroupPath("/docker/c1")) == "")
        #expect(CgroupPath("/docker/c1").relative(to: .root) == "docker/c1")
        #expect(CgroupPath("/docker/c10").relative(to: CgroupPath("/docker/c1")) == nil)
    }
}
