@testable import CgroupTree
import Testing

@Suite("What a caller sees of a hierarchy")
struct SightTests {
    private func standing(_ path: String, from own: String) -> Sight.Standing {
        Sight.cgroup(Array(own.utf8)).standing(of: Array(path.utf8))
    }

    private func step(_ name: String) -> Sight.Standing { .above(next: Array(name.utf8)) }

    @Test func theWayDownShowsTheNextStepOnly() {
        #expect(standing("", from: "docker/4f5a") == step("docker"))
        #expect(standing("docker", from: "docker/4f5a") == step("4f5a"))
        #expect(standing("", from: "top") == step("top"))
    }

    @Test(arguments: ["docker/4f5a", "docker/4f5a/x", "docker/4f5a/memory.stat", "docker/4f5a/x/y z\u{e9}"])
    func theOwnCgroupAndWhatIsBelowItIsTheCallers(path: String) {
        #expect(standing(path, from: "docker/4f5a") == .within)
    }

    // C lxcfs compares without looking for the slash: /lxc/c1 was a prefix of /lxc/c10.
    @Test(arguments: [
        "docker/4f5", "docker/4f5a0", "docker/4f5b", "dock", "dockers", "docker/memory.stat", "memory.stat", "other", "docker/4f5a.scope",
    ])
    func nothingElseIsThere(path: String) {
        #expect(standing(path, from: "docker/4f5a") == .outside)
    }

    @Test func theHostSeesEverything() {
        #expect(Sight.everything.standing(of: []) == .within)
        #expect(Sight.everything.standing(of: Array("docker/4f5a".utf8)) == .within)
    }

    @Test func whoIsNotConfinedInAHierarchySeesNothingOfIt() {
        #expect(Sight.nothing.standing(of: []) == .above(next: nil))
        #expect(Sight.nothing.standing(of: Array("docker".utf8)) == .outside)
    }
}

@Suite("Marks above a cgroup")
struct MarkTests {
    @Test func theHighestComeFirst() {
        #expect(TreeHierarchy.above(Array("docker/4f5a/x".utf8)) == [Array("docker".utf8), Array("docker/4f5a".utf8)])
        #expect(TreeHierarchy.above(Array("docker".utf8)).isEmpty)
    }

    @Test func howDeepACallerLivesDoesNotMatter() {
        let deep = Array(Array(repeating: "d", count: 2000).joined(separator: "/").utf8)
        #expect(TreeHierarchy.above(deep).count == 32)
        #expect(TreeHierarchy.above(deep).last?.count == 63)
    }
}
