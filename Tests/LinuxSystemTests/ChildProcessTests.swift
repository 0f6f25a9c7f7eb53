import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("Child processes")
struct ChildProcessTests {
    private func end(of child: ChildProcess) -> ProcessEnd? {
        var poll = PollSet()
        poll.add(child.exitDescriptor)
        poll.wait(nanoseconds: 20_000_000_000)
        return child.takeEnd()
    }

    @Test func tellHowTheyEnded() throws {
        let exits = try ChildProcess(program: "/bin/sh", arguments: ["sh", "-c", "exit 7"], environment: [], descriptors: [])
        #expect(end(of: exits) == .exited(7))
        let crashes = try ChildProcess(program: "/bin/sh", arguments: ["sh", "-c", "kill -SEGV $$"], environment: [], descriptors: [])
        #expect(end(of: crashes) == .signalled(SIGSEGV))
        let sleeps = try ChildProcess(program: "/bin/sleep", arguments: ["sleep", "1000"], environment: [], descriptors: [])
        #expect(sleeps.takeEnd() == nil)
        sleeps.signal(ChildProcess.killSignal)
        #expect(end(of: sleeps) == .signalled(SIGKILL))
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try ChildProcess(program: "/no/such/program", arguments: ["x"], environment: [], descriptors: [])
        }
        #expect(throws: Errno.permissionDenied) {
            try ChildProcess(program: "/etc/passwd", arguments: ["x"], environment: [], descriptors: [])
        }
    }

    @Test func keepWhatIsBlockedForLater() throws {
        let child = try ChildProcess(
            program: "/bin/sleep", arguments: ["sleep", "1000"], environment: [], descriptors: [], blockedSignals: [SIGUSR1])
        child.signal(SIGUSR1)
        child.signal(SIGTERM)
        #expect(end(of: child) == .signalled(SIGTERM))
    }

    @Test func inheritExactlyTheDescriptorsThatTheyAreGiven() throws {
        // In the wrong order and on numbers that are overwritten: each must arrive where it belongs.
        let first = try MessageSocket.pair()
        let second = try MessageSocket.pair()
        let script = "printf one >&3; printf two >&4; [ ! -e /proc/self/fd/5 ] && printf env-$NAME >&3"
        let child = try ChildProcess(
            program: "/bin/sh", arguments: ["sh", "-c", script], environment: ["NAME=value", "PATH=/bin:/usr/bin"],
            descriptors: [second.there.descriptor, first.there.descriptor])
        #expect(end(of: child) == .exited(0))
        #expect(second.here.receive() == .message(Array("one".utf8), nil))
        #expect(first.here.receive() == .message(Array("two".utf8), nil))
        #expect(second.here.receive() == .message(Array("env-value".utf8), nil))
    }
}
