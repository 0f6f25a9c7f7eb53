import Glibc
import LXCFSControl
import TestContainers
import Testing

extension EndToEnd.Attaching {
    /// Over the mounts of an lxcfs that is dead.
    @Suite("Repair")
    struct Repairing {
        private typealias Attaching = EndToEnd.Attaching

        /// Keeper and workers die at once.
        private static func endAtOnce(_ daemon: LXCFSProcess) {
            let all = daemon.workers
            Glibc.kill(daemon.command.pid, SIGKILL)
            for pid in all + daemon.workers { Glibc.kill(pid, SIGKILL) }
            _ = Machine.wait(10) { access(daemon.mountPoint, F_OK) != 0 && errno == ENOTCONN }
        }

        /// What was done below /proc and /sys, and at `place`: a test container has copies of the host's own mounts too.
        private static func repair(_ container: TestContainer, of daemon: LXCFSProcess, at place: String = "/proc") throws -> [Target] {
            let repaired = try Attaching.call(Repair.self, .init(pid: Int64(container.pid)), of: daemon).repaired
            #expect(repaired.map(\.pid) == [Int64(container.pid)])
            return repaired.flatMap(\.targets).filter { target in
                ["/proc/", "/sys/", place].contains { target.destination.hasPrefix($0) }
            }
        }

        @Test func containersOfADeadDaemonReadOnAfterOneCall() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder)
            let limits = Limits(memory: Bench.memory, cpus: 1)
            let bound = try TestContainer(limits, mountPoint: first.mountPoint)
            let whole = try TestContainer(
                limits, mountPoint: first.mountPoint, script: "mkdir -p /tmp/lxcfs-whole && mount --bind \"$1\" /tmp/lxcfs-whole || exit 1")
            let attached = try [ContainerNamespaces.own, .ownWithUsers].map { try Attaching.bare($0) }
            for container in attached { _ = try Attaching.call(Attach.self, .init(pid: Int64(container.pid)), of: first) }
            let strange = try Bench.container(limits)
            let probe = "ls /proc/pressure; head -1 /proc/meminfo; ls /sys/devices/system/cpu"
            let before = try ([bound] + attached).map { try $0.shell(probe) }

            Repairing.endAtOnce(first)
            #expect(throws: BenchError.self) { try bound.read("/proc/meminfo") }
            let second = try LXCFSProcess(in: folder)
            let dead = try Attaching.call(ListMounts.self, .init(pid: Int64(bound.pid)), of: second)
            #expect(Set(dead.mounts.map(\.state)) == [.dead])
            let other = try Attaching.call(ListMounts.self, .init(pid: Int64(strange.pid)), of: second)
            #expect(Set(other.mounts.map(\.state)) == [.other])

            // One file by attaching, the rest by repairing.
            let replaced = try Attaching.call(Attach.self, .init(pid: Int64(attached[0].pid), files: ["meminfo"]), of: second).targets
            #expect(Attaching.outcomes(replaced) == ["replaced "])
            for container in [bound] + attached {
                let targets = try Repairing.repair(container, of: second)
                #expect(Attaching.outcomes(targets) == ["replaced "], "\(targets)")
                #expect(targets.count == dead.mounts.count - (container === attached[0] ? 1 : 0))
                #expect(try Repairing.repair(container, of: second).isEmpty, "nothing is left to do")
            }
            #expect(Attaching.outcomes(try Repairing.repair(whole, of: second, at: "/tmp/lxcfs-whole")) == ["replaced "])
            let left = try Repairing.repair(strange, of: second)
            #expect(Set(left.map(\.outcome)) == [.skipped], "another daemon's is left alone")

            #expect(try ([bound] + attached).map { try $0.shell(probe) } == before)
            for container in [bound, strange] + attached { #expect(try Attaching.total(container) == Bench.memory) }
            #expect(Machine.field("MemTotal", of: try whole.read("/tmp/lxcfs-whole/proc/meminfo")) == Bench.memory / 1024)
            #expect(Attaching.mounts(bound.pid).count == dead.mounts.count, "nothing is stacked")
            #expect(second.stop() == .exited(0))
            rmdir("/tmp/lxcfs-whole")
            withExtendedLifetime(first) {}
        }

        @Test(
            .enabled(
                if: Machine.isVirtual || Machine.environment("CI") != nil,
                "it would repair the containers of everybody on this machine: set CI=true where nobody else works"))
        func allContainersAreRepairedByOneCall() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder)
            let containers = try [ContainerNamespaces.own, .ownWithUsers].map {
                try TestContainer(Limits(memory: Bench.memory), mountPoint: first.mountPoint, namespaces: $0)
            }
            let strange = try Bench.container()
            Repairing.endAtOnce(first)
            let second = try LXCFSProcess(in: folder)
            let repaired = try Attaching.call(Repair.self, .init(), of: second).repaired
            for container in containers {
                let one = try #require(repaired.first { $0.pid == Int64(container.pid) }, "\(repaired.map(\.pid))")
                #expect(one.container.hasSuffix(container.cgroup.path), "\(one.container)")
                #expect(one.targets.allSatisfy { $0.outcome == .replaced || !$0.destination.hasPrefix("/proc/") }, "\(one)")
                #expect(try Attaching.total(container) == Bench.memory)
            }
            let left = repaired.filter { $0.pid == Int64(strange.pid) }.flatMap(\.targets).filter { $0.destination.hasPrefix("/proc/") }
            #expect(left.allSatisfy { $0.outcome == .skipped }, "another daemon's is left alone: \(left)")
            let own = Set(containers.map { Int64($0.pid) })
            #expect(
                !(try Attaching.call(Repair.self, .init(), of: second).repaired.contains { own.contains($0.pid) }), "nothing is left to do")
            #expect(second.stop() == .exited(0))
            withExtendedLifetime(first) {}
        }

        /// A daemon that is stopped is not dead: it may go on.
        @Test func theMountsOfADaemonThatIsStoppedAreLeftAlone() throws {
            let other = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: other.mountPoint)
            let processes = [other.command.pid] + other.workers
            for pid in processes { Glibc.kill(pid, SIGSTOP) }
            let before = Attaching.mounts(container.pid)
            let targets = try Repairing.repair(container, of: Bench.daemon())
            #expect(Set(targets.map(\.outcome)).isSubset(of: [.failed, .skipped]) && targets.count == before.count, "\(targets)")
            #expect(Attaching.mounts(container.pid) == before)
            for pid in processes { Glibc.kill(pid, SIGCONT) }
            #expect(other.waitUntilSettled() != nil)
            #expect(try Attaching.total(container) == Bench.memory)
            #expect(other.stop() == .exited(0))
        }

        /// What the C program of that name left behind, in the same place.
        @Test(
            .enabled(if: Machine.exists("/usr/bin/lxcfs"), "not installed: apt-get install lxcfs"),
            .enabled(if: !Machine.isVirtual, "the same on every machine"))
        func containersOfTheDeadCProgramAreHealed() throws {
            let folder = try TemporaryFolder()
            let mountPoint = folder.path + "/mnt"
            mkdir(mountPoint, 0o755)
            let old = try Command(["/usr/bin/lxcfs", "-p", folder.path + "/old.pid", mountPoint])
            try #require(Machine.wait(15) { LXCFSProcess.isServing(mountPoint) }, "\(old.errorsSoFar)")
            let script = """
                for f in cpuinfo diskstats loadavg meminfo stat swaps uptime slabinfo; do mount --bind "$1/proc/$f" /proc/$f || exit 1; done
                mount --bind "$1/sys/devices/system/cpu/online" /sys/devices/system/cpu/online || exit 1
                """
            let container = try TestContainer(
                Limits(memory: Bench.memory, cpuset: "\(Machine.cpus[0])"), mountPoint: mountPoint, script: script)
            #expect(try Attaching.total(container) == Bench.memory)
            old.kill()
            let daemon = try LXCFSProcess(in: folder)
            #expect(throws: BenchError.self) { try container.read("/proc/meminfo") }
            let targets = try Repairing.repair(container, of: daemon)
            #expect(Attaching.outcomes(targets) == ["replaced "] && targets.count == 9, "\(targets)")
            #expect(try Attaching.total(container) == Bench.memory)
            #expect(try container.read("/sys/devices/system/cpu/online") == "\(Machine.cpus[0])\n")
            #expect(daemon.stop() == .exited(0))
        }
    }
}
