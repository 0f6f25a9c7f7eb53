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
        private static func kill(_ daemon: LXCFSProcess) {
            let all = daemon.workers
            Glibc.kill(daemon.command.pid, SIGKILL)
            for pid in all + daemon.workers { Glibc.kill(pid, SIGKILL) }
            _ = Machine.wait(10) { access(daemon.mountPoint, F_OK) != 0 && errno == ENOTCONN }
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
            let before = try ([bound] + attached).map {
                try $0.shell("ls /proc/pressure; cat /proc/meminfo | head -1; ls /sys/devices/system/cpu")
            }

            Repairing.kill(first)
            #expect(throws: BenchError.self) { try bound.read("/proc/meminfo") }
            let second = try LXCFSProcess(in: folder)
            let dead = try Attaching.call(ListMounts.self, .init(pid: Int64(bound.pid)), of: second)
            #expect(Set(dead.mounts.map(\.state)) == [.dead])
            let other = try Attaching.call(ListMounts.self, .init(pid: Int64(strange.pid)), of: second)
            #expect(Set(other.mounts.map(\.state)) == [.other])

            // One alone, by attaching; then all.
            let replaced = try Attaching.call(Attach.self, .init(pid: Int64(attached[0].pid), files: ["meminfo"]), of: second).targets
            #expect(Attaching.outcomes(replaced) == ["replaced "])
            let repaired = try Attaching.call(Repair.self, .init(), of: second).repaired
            #expect(Set(repaired.map(\.pid)).isSuperset(of: ([bound, whole] + attached).map { Int64($0.pid) }), "\(repaired)")
            let own = Set(([bound, whole] + attached).map { Int64($0.pid) })
            for one in repaired where own.contains(one.pid) { #expect(Attaching.outcomes(one.targets) == ["replaced "], "\(one)") }
            #expect(!repaired.contains { $0.pid == Int64(strange.pid) })

            let after = try ([bound] + attached).map {
                try $0.shell("ls /proc/pressure; cat /proc/meminfo | head -1; ls /sys/devices/system/cpu")
            }
            #expect(before == after)
            for container in [bound] + attached { #expect(try Attaching.total(container) == Bench.memory) }
            #expect(Machine.field("MemTotal", of: try whole.read("/tmp/lxcfs-whole/proc/meminfo")) == Bench.memory / 1024)
            #expect(try Attaching.total(strange) == Bench.memory, "another daemon's is left alone")
            for container in [bound, whole] + attached {
                #expect(Attaching.mounts(container.pid).count == Attaching.mounts(bound.pid).count || container.pid == whole.pid)
            }
            #expect(
                try Attaching.call(Repair.self, .init(), of: second).repaired.filter { own.contains($0.pid) }.isEmpty,
                "nothing is left to do")
            #expect(second.stop() == .exited(0))
            rmdir("/tmp/lxcfs-whole")
            withExtendedLifetime(first) {}
        }

        /// A daemon that is stopped is not dead: it may go on.
        @Test func theMountsOfADaemonThatIsStoppedAreLeftAlone() throws {
            let other = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: other.mountPoint)
            let processes = [other.command.pid] + other.workers
            for pid in processes { kill(pid, SIGSTOP) }
            let before = Attaching.mounts(container.pid)
            let repaired = try Attaching.call(Repair.self, .init(pid: Int64(container.pid)), of: Bench.daemon()).repaired
            #expect(repaired.first?.targets.allSatisfy { $0.outcome == .failed || $0.outcome == .skipped } == true, "\(repaired)")
            #expect(Attaching.mounts(container.pid) == before)
            for pid in processes { kill(pid, SIGCONT) }
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
            let repaired = try Attaching.call(Repair.self, .init(pid: Int64(container.pid)), of: daemon).repaired
            #expect(
                repaired.count == 1 && Attaching.outcomes(repaired[0].targets) == ["replaced "] && repaired[0].targets.count == 9,
                "\(repaired)")
            #expect(try Attaching.total(container) == Bench.memory)
            #expect(try container.read("/sys/devices/system/cpu/online") == "\(Machine.cpus[0])\n")
            #expect(daemon.stop() == .exited(0))
        }
    }

}
