import Glibc
import TestContainers
import Testing

extension EndToEnd {
    /// What nobody must start a container with, and what tells why.
    @Suite("lxcfsctl mounts and doctor", .disabled(if: Machine.isVirtual, "nothing of it depends on the kernel or the cgroups"))
    struct MountsCommands {
        private static let program = LXCFSProcess.built("lxcfsctl")

        private func ask(_ daemon: LXCFSProcess, _ arguments: String...) throws -> CommandResult {
            try Command.run([MountsCommands.program] + arguments + ["--socket", daemon.controlSocket])
        }

        @Test func aDeadMountGivesNoList() throws {
            let daemon = try LXCFSProcess()
            #expect(try ask(daemon, "mounts").output.hasPrefix("-v \(daemon.mountPoint)/proc/"))
            // Something else lies over it now: containers would be given empty folders.
            let covered = try Command.run(["mount", "-t", "tmpfs", "none", daemon.mountPoint])
            try #require(covered.succeeded, "\(covered)")
            defer { umount2(daemon.mountPoint, Int32(MNT_DETACH)) }
            let refused = try ask(daemon, "mounts")
            #expect(refused.end == .exited(1), "\(refused)")
            #expect(refused.output.isEmpty)
            #expect(refused.errors.contains(daemon.mountPoint), "\(refused)")
            let findings = try ask(daemon, "doctor", "--quiet")
            #expect(findings.end == .exited(1), "\(findings)")
            #expect(findings.output.contains("fault    mount"), "\(findings)")
        }

        @Test func theDoctorIsNotHeldUpByADaemonThatIsStopped() throws {
            let daemon = try LXCFSProcess()
            let worker = try #require(
                Machine.read("/proc/\(daemon.command.pid)/task/\(daemon.command.pid)/children").flatMap { Machine.words($0).first })
            let pids = [daemon.command.pid, try #require(Int32(worker))]
            for pid in pids { kill(pid, SIGSTOP) }
            defer { for pid in pids { kill(pid, SIGCONT) } }
            // Its answer is waited for a while; a read of the mount would be for ever.
            let findings = try ask(daemon, "doctor", "--json")
            #expect(findings.end == .exited(1), "\(findings)")
            #expect(findings.output.contains("does not answer"), "\(findings)")
        }

        @Test func theDoctorFindsTheContainersWhoseMountsAreDead() throws {
            let daemon = try LXCFSProcess()
            let container = try TestContainer(Limits(memory: Bench.memory), mountPoint: daemon.mountPoint)
            let before = try ask(daemon, "doctor", "--json")
            // There may be others on this machine.
            #expect(before.output.contains("of this lxcfs"), "\(before)")
            daemon.command.kill()
            #expect(Machine.wait(20) { access(daemon.mountPoint + "/proc", F_OK) != 0 && errno == ENOTCONN })
            let findings = try ask(daemon, "doctor")
            #expect(findings.end == .exited(1), "\(findings)")
            #expect(findings.output.contains("of an lxcfs that is gone (process"), "\(findings)")
            // Whatever the kernel remembers of its root.
            #expect(findings.output.contains("A dead mount of lxcfs lies at \(daemon.mountPoint)"), "\(findings)")
            #expect(findings.output.contains("lxcfsctl repair"), "\(findings)")
            container.stop()
        }

        @Test func theDoctorHasNothingAgainstAMountThatIsWell() throws {
            let daemon = try LXCFSProcess()
            let findings = try ask(daemon, "doctor")
            #expect(findings.output.contains("ok       mount"), "\(findings)")
            #expect(findings.output.contains("serves \(daemon.mountPoint)"), "\(findings)")
            #expect(!findings.output.contains("fault "), "\(findings)")
        }
    }
}
