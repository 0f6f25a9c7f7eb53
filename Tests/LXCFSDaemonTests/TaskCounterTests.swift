import Cgroups
import ContainerViews
import LinuxSystem
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("Counting tasks")
struct TaskCounterTests {
    /// A version 2 host whose cgroup /web has these tasks by state, half of them in a group below.
    private func host(_ states: [Character]) throws -> (FixtureHost, Cgroup) {
        let fixture = try FixtureHost()
        try fixture.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n")
        try fixture.write("sys/fs/cgroup/cgroup.controllers", "\n")
        var above = ""
        var below = ""
        for (index, state) in states.enumerated() {
            let task = 1000 + index
            if index % 2 == 0 { above += "\(task)\n" } else { below += "\(task)\n" }
            try fixture.write("proc/\(task)/stat", "\(task) (a b) \(state) 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 77 1000 200\n")
            try fixture.write("proc/\(task)/status", "Name:\ta b\nNSpid:\t\(task)\t\(index + 1)\n")
        }
        try fixture.write("sys/fs/cgroup/web/cgroup.threads", above)
        try fixture.write("sys/fs/cgroup/web/inner/cgroup.threads", below)
        let layout = try fixture.layout()
        return (fixture, try #require(layout.unified).cgroup(at: CgroupPath("/web")))
    }

    @Test func countsEveryStateInTheGroupAndBelow() throws {
        let (fixture, cgroup) = try host(["R", "S", "D", "R", "Z", "I", "D", "S"])
        var counter = TaskCounter(try HostFilesystem(fixture: fixture.root))
        #expect(counter.count(below: cgroup, budget: 100) == LoadSample(running: 2, blocked: 2, total: 8, newestPID: 8))
    }

    @Test func aTaskThatIsGoneCountsInTheTotalOnly() throws {
        let (fixture, cgroup) = try host(["R", "R"])
        fixture.remove("proc/1001/stat")
        fixture.remove("proc/1001/status")
        var counter = TaskCounter(try HostFilesystem(fixture: fixture.root))
        #expect(counter.count(below: cgroup, budget: 100) == LoadSample(running: 1, blocked: 0, total: 2, newestPID: 0))
    }

    @Test func beyondTheBudgetAPartStandsForAllAndTurnsAreTaken() throws {
        let states: [Character] = (0..<200).map { $0 % 4 == 0 ? "R" : "S" }
        let (fixture, cgroup) = try host(states)
        var counter = TaskCounter(try HostFilesystem(fixture: fixture.root))
        var sum: UInt64 = 0
        for _ in 0..<10 {
            let counts = counter.count(below: cgroup, budget: 20)
            #expect(counts.total == 200 && counts.running <= 200)
            sum += counts.running
        }
        #expect(sum == 500, "ten counts of every tenth task have looked at each task once: 50 running each on average")
    }

    @Test func anEmptyGroupHasNobody() throws {
        let (fixture, cgroup) = try host([])
        var counter = TaskCounter(try HostFilesystem(fixture: fixture.root))
        #expect(counter.count(below: cgroup, budget: 0) == LoadSample())
    }
}
