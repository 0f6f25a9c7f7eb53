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
        #expect(CgroupPath("/docker/c1/x").relative(to: CgroupPath("/docker/c1")) == Array("x".utf8))
        #expect(CgroupPath("/docker/c1").relative(to: CgroupPath("/docker/c1")) == [])
        #expect(CgroupPath("/docker/c1").relative(to: .root) == Array("docker/c1".utf8))
        #expect(CgroupPath("/docker/c10").relative(to: CgroupPath("/docker/c1")) == nil)
    }

    @Test func whatTheCgroupNamespaceDoesNotHoldLiesOutside() {
        #expect(CgroupPath("/../other").relative(to: .root) == nil)
        #expect(CgroupPath("/..").relative(to: .root) == nil)
        #expect(CgroupPath("/..a").relative(to: .root) == Array("..a".utf8))
    }

    @Test func areBytesAndNotCharacters() {
        // The accent alone, after the slash; and the same letter in two spellings.
        #expect(CgroupPath("/a/\u{301}x").parent == CgroupPath("/a"))
        #expect(CgroupPath("/a/\u{301}x").isAtOrBelow(CgroupPath("/a")))
        #expect(CgroupPath("/\u{e9}") != CgroupPath("/e\u{301}"))
        #expect(!CgroupPath("/e\u{301}/x").isAtOrBelow(CgroupPath("/\u{e9}")))
        let noText: [UInt8] = [0x2f, 0xff, 0xfe]
        #expect(CgroupPath(noText[...]).bytes == noText)
        #expect(CgroupPath(noText[...]) != CgroupPath([0x2f, 0xff, 0xfd]))
    }
}
