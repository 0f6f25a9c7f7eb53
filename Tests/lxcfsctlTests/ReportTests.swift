import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("What lxcfsctl says")
struct ReportTests {
    @Test func statusBeginsWithTheHealthAndGivesRemedies() {
        let status = Samples.status(.degraded, problems: [Problem(text: "swap is not counted", remedy: "boot with swapaccount=1")])
        let lines = StatusReport(status, isVerbose: false, now: 61_000_000).lines().map(\.text)
        #expect(
            lines.prefix(3) == [
                "degraded: lxcfs 1.2.3 at /var/lib/lxcfs, 2 containers", "  problem: swap is not counted",
                "  remedy:  boot with swapaccount=1",
            ])
        #expect(lines.contains { $0.hasPrefix("  running         16 h 40 min, since ") && $0.hasSuffix("; generation 3") })
        #expect(lines.contains("  reads           1,000, 0 errors, 0 fallbacks"))
        #expect(!lines.contains("Kernel features"))
        #expect(StatusReport(status, isVerbose: true, now: 0).lines().map(\.text).contains("  yes  pidfd  for what"))
    }

    @Test(arguments: [
        (CgroupTreeStatus(state: .served, hierarchies: ["memory", "cpu,cpuacct"]), "/var/lib/lxcfs/cgroup: memory cpu,cpuacct"),
        (CgroupTreeStatus(state: .disabled), "off: --disable-cgroup"),
        (CgroupTreeStatus(state: .absent), "none: there are no cgroups of version 1 here"),
        (CgroupTreeStatus(state: .impossible, reason: "CAP_SETUID is missing"), "none: CAP_SETUID is missing"),
    ])
    func statusSaysWhetherThereIsACgroupTree(tree: CgroupTreeStatus, text: String) {
        var status = Samples.status()
        status.cgroupTree = tree
        #expect(StatusReport(status, isVerbose: false, now: 0).lines().map(\.text).contains("  cgroup tree     " + text))
        // An older worker does not tell.
        status.cgroupTree = nil
        #expect(!StatusReport(status, isVerbose: true, now: 0).lines().map(\.text).contains { $0.contains("cgroup tree") })
    }

    @Test func theSlowestFilesComeFirstAndAreFew() {
        let files =
            (1...9).map { Samples.file("proc/f\($0)", reads: 1, p99: Int64($0) * 1000) } + [Samples.file("proc/unread", reads: 0, p99: nil)]
        let lines = StatusReport(Samples.status(files: files), isVerbose: false, now: 0).lines().map(\.text)
        #expect(
            lines.filter { $0.hasPrefix("  proc/") }.map { $0.prefix(9) } == [
                "  proc/f9", "  proc/f8", "  proc/f7", "  proc/f6", "  proc/f5",
            ])
        let all = StatusReport(Samples.status(files: files), isVerbose: true, now: 0).lines().map(\.text)
        #expect(all.filter { $0.hasPrefix("  proc/") }.count == 10)
    }

    @Test func aReloadThatFailedSaysWhy() {
        var status = Samples.status()
        status.reload = Reloaded(outcome: .failed, count: 1, at: 0, reason: "it is no program\u{1b}[1m")
        let lines = StatusReport(status, isVerbose: false, now: 120_000).lines().map(\.text)
        #expect(lines.contains("  reload          failed 2 min ago: it is no program\\x1b[1m"))
    }

    @Test func everyTargetIsListedUnderItsContainer() {
        let targets = [
            Target(file: "proc/stat", destination: "/proc/stat", outcome: .replaced),
            Target(file: "proc/swaps", destination: "/proc/swaps", outcome: .failed, reason: "it is busy"),
        ]
        #expect(
            TargetReport.lines(of: [Repaired(pid: 7, container: "web", targets: targets)]).map(\.text) == [
                "web (pid 7): 1 replaced, 1 failed", "  replaced  /proc/stat", "  failed    /proc/swaps  it is busy",
            ])
        #expect(TargetReport.lines(of: []).map(\.text) == ["nothing to do: no container has a dead mount"])
    }

    @Test func anEventIsOneLineWhateverIsInIt() {
        let event = Event(kind: .fallback, at: 0, container: "web\n", text: "two\nlines")
        let text = EventsCommand.line(of: event).text
        #expect(text.hasSuffix("  fallback        web\\n  two\\nlines") && !text.contains("\n"))
    }

    @Test func inspectSaysWhoSetALimit() {
        var container = Samples.container("web")
        container.memberships = [("cpu", "/docker/web"), ("cpuacct", "/docker/web"), ("pids", "/")].map {
            Membership(version: 1, controllers: [$0.0], path: $0.1)
        }
        let found = Inspect.Reply(
            container: container, rule: .`init`, explanation: "because",
            limits: [
                Limit(name: "memory", value: "268435456", meaning: "256 MiB", file: "memory.max", cgroup: "/docker", isInherited: true),
                Limit(name: "tasks", value: "none", meaning: "no limit", isInherited: false),
            ],
            views: [
                View(file: "sys/devices/system/cpu/online", container: "0\n", host: "0-7\n"),
                View(file: "sys/devices/system/cpu/present", container: "0-7\n", host: "0-7\n"),
                View(file: "proc/stat", problem: "it is gone"),
            ])
        let lines = InspectReport(found, now: 0).lines(isInFull: false, width: 80).map(\.text)
        #expect(lines.prefix(2) == ["web: a container of docker", "because"])
        #expect(lines.contains("  memory  268435456  256 MiB   /docker (inherited)  memory.max"))
        #expect(lines.contains("  tasks   none       no limit  -                    -"))
        #expect(lines.contains("  sys/devices/system/cpu/online  0           0-7"))
        #expect(lines.contains("  proc/stat                      it is gone  -"))
        #expect(!lines.contains { $0.contains("cpu/present") } && lines.last == "  and 1 file that the host sees the same (--json has all)")
        #expect(
            lines.contains("  cgroup v1  /docker/web (cpu cpuacct)") && lines.contains("  cgroup v1  / (pids)"), "one line for each path")
        let full = InspectReport(found, now: 0).lines(isInFull: true, width: 80).map(\.text)
        #expect(full.prefix(3) == ["web: a container of docker", "because", ""])
        #expect(full.contains { $0.hasPrefix("0 ") && $0.hasSuffix(" | 0-7") } && !full.contains("Limits"))
    }
}
