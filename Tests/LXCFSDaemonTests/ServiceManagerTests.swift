import Glibc
import LinuxSystem
import Testing

@testable import LXCFSDaemon

/// Each in a process of its own: they change the environment, and take the descriptors 3 and 4.
@Suite("Service manager")
struct ServiceManagerTests {
    @Test func withoutOneNothingIsSaid() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            setenv("WATCHDOG_USEC", "1000000", 1)
            setenv("FDSTORE", "8", 1)
            let manager = ServiceManager()
            #expect(!manager.isPresent)
            #expect(manager.watchdogInterval == nil)
            #expect(!manager.store(0, name: "x"))
            manager.ready(status: "serving")
            manager.keepAlive()
        }
    }

    @Test(arguments: ["@", "/tmp/"])
    func eachStateIsOneMessage(kind: String) async {
        await #expect(processExitsWith: .success) { [kind] in
            let socket = try NotifySocket("\(kind)lxcfs-test-\(getpid())-notify")
            let manager = ServiceManager()
            #expect(manager.isPresent)
            manager.ready(status: "serving")
            #expect(socket.nextText() == "READY=1\nSTATUS=serving")
            manager.status("2 containers")
            #expect(socket.nextText() == "STATUS=2 containers")
            manager.stopping(status: "ending")
            #expect(socket.nextText() == "STOPPING=1\nSTATUS=ending")
            manager.keepAlive()
            #expect(socket.nextText() == "WATCHDOG=1")
            manager.forget(name: "fuse")
            #expect(socket.nextText() == "FDSTOREREMOVE=1\nFDNAME=fuse")
            #expect(socket.nextText() == nil)
        }
    }

    @Test func aReloadTellsWhenItBegan() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            let before = Clock.monotonic / 1000
            ServiceManager().reloading(status: "reloading")
            let after = Clock.monotonic / 1000
            let lines = (socket.nextText() ?? "").split(separator: "\n")
            try #require(lines.count == 3)
            #expect(lines[0] == "RELOADING=1")
            #expect(lines[2] == "STATUS=reloading")
            let (label, time) = (lines[1].prefix(15), UInt64(lines[1].dropFirst(15)))
            #expect(label == "MONOTONIC_USEC=")
            #expect((before...after).contains(try #require(time)))
        }
    }

    @Test func aStatusCannotSmuggleInAnotherWord() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            ServiceManager().status("a\nREADY=1\r\nb")
            #expect(socket.nextText() == "STATUS=a READY=1 b")
        }
    }

    @Test func aFullQueueIsNotWaitedFor() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            let manager = ServiceManager()
            let filled = socket.fill()
            #expect(filled > 0)
            setenv("FDSTORE", "8", 1)
            // Each of these would hang; the alarm ends this process then.
            alarm(30)
            manager.ready(status: "serving")
            manager.keepAlive()
            #expect(!ServiceManager().store(0, name: "x"))
            var count = 0
            while socket.nextText() == "X=1" { count += 1 }
            #expect(count == filled)
            manager.keepAlive()
            #expect(socket.nextText() == "WATCHDOG=1")
        }
    }

    @Test func aManagerThatHasGoneIsNoReasonToStop() async {
        await #expect(processExitsWith: .success) {
            _ = try NotifySocket()
            let manager = ServiceManager()
            #expect(manager.isPresent)
            manager.ready(status: "serving")
            #expect(!manager.store(0, name: "x"))
        }
    }

    // MARK: - The watchdog

    @Test func halfOfTheTimeIsLeftForASignOfLife() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            unsetenv("WATCHDOG_PID")
            unsetenv("WATCHDOG_USEC")
            #expect(ServiceManager().watchdogInterval == nil)
            setenv("WATCHDOG_USEC", "30000000", 1)
            #expect(ServiceManager().watchdogInterval == 15_000_000_000)
            setenv("WATCHDOG_USEC", "18446744073709551614", 1)
            #expect(ServiceManager().watchdogInterval == .max)
            setenv("WATCHDOG_USEC", "soon", 1)
            #expect(ServiceManager().watchdogInterval == nil)
            _ = socket
        }
    }

    @Test func anotherProcessesWatchdogIsNotOurs() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            setenv("WATCHDOG_USEC", "30000000", 1)
            setenv("WATCHDOG_PID", "\(getppid())", 1)
            #expect(ServiceManager().watchdogInterval == nil)
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(ServiceManager().watchdogInterval == 15_000_000_000)
            _ = socket
        }
    }

    // MARK: - The store

    @Test func aStoredDescriptorTravelsWithItsName() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            setenv("FDSTORE", "8", 1)
            var ends: [CInt] = [-1, -1]
            try #require(pipe(&ends) == 0)
            #expect(ServiceManager().store(ends[1], name: "fuse"))
            let message = try #require(socket.next())
            #expect(message.text == "FDSTORE=1\nFDNAME=fuse")
            try #require(message.descriptors.count == 1)
            // What is written to the manager's copy comes out of our pipe.
            close(ends[1])
            #expect(write(message.descriptors[0], "!", 1) == 1)
            var byte: UInt8 = 0
            #expect(read(ends[0], &byte, 1) == 1)
            #expect(byte == UInt8(ascii: "!"))
        }
    }

    @Test func onlyAStoreThatIsPromisedIsTrusted() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            for (store, hint, expected) in [
                (nil, nil, false), ("0", nil, false), ("8", nil, true), (nil, "1", true), ("0", "0", false), ("many", nil, false),
            ] as [(String?, String?, Bool)] {
                unsetenv("FDSTORE")
                unsetenv("LXCFS_FDSTORE")
                if let store { setenv("FDSTORE", store, 1) }
                if let hint { setenv("LXCFS_FDSTORE", hint, 1) }
                #expect(ServiceManager().store(0, name: "x") == expected, "FDSTORE=\(store ?? "-") LXCFS_FDSTORE=\(hint ?? "-")")
                #expect(socket.next()?.descriptors.count == 1)
            }
        }
    }

    @Test func inheritedDescriptorsKeepTheirNames() async {
        await #expect(processExitsWith: .success) {
            let kept = HighNumbers()
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_FDNAMES", "fuse:state", 1)
            let found = ServiceManager.inherited()
            let flags = found.indices.map { fcntl(3 + CInt($0), F_GETFD) }
            let names = found.map(\.name)
            let number = found.first?.take()?.release()
            let again = found.first?.take()?.release()
            let isThere = fcntl(3, F_GETFD) >= 0
            kept.restore()
            #expect(names == ["fuse", "state"])
            #expect(flags == [FD_CLOEXEC, FD_CLOEXEC])
            #expect(number == 3)
            #expect(again == nil)
            #expect(isThere)
            for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { #expect(getenv(name) == nil, "\(name)") }
            // Asked again, nothing is there.
            #expect(ServiceManager.inherited().isEmpty)
        }
    }

    @Test func namesThatAreMissingAreEmpty() async {
        await #expect(processExitsWith: .success) {
            let kept = HighNumbers()
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_FDNAMES", "fuse", 1)
            let found = ServiceManager.inherited()
            let names = found.map(\.name)
            for descriptor in found { _ = descriptor.take()?.release() }
            kept.restore()
            #expect(names == ["fuse", ""])
        }
    }

    @Test func whatIsNotForThisProcessIsLeftAlone() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_PID", "\(getppid())", 1)
            setenv("LISTEN_FDS", "2", 1)
            #expect(ServiceManager.inherited().isEmpty)
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "garbage", 1)
            #expect(ServiceManager.inherited().isEmpty)
            #expect(getenv("LISTEN_FDS") == nil)
        }
    }

    // MARK: - The worker

    @Test func theWorkerHearsNothingOfTheManager() async {
        await #expect(processExitsWith: .success) {
            for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "FDSTORE"] {
                setenv(name, "1", 1)
            }
            setenv("LXCFS_TEST_OPTION", "a=b", 1)
            let environment = ServiceManager.childEnvironment
            #expect(environment.contains("LXCFS_TEST_OPTION=a=b"))
            #expect(environment.contains { $0.hasPrefix("PATH=") } == (getenv("PATH") != nil))
            for word in ["NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "FDSTORE"] {
                #expect(!environment.contains { $0.hasPrefix(word) }, "\(word)")
            }
            // The keeper's own stays: it serves the program that it executes in its place.
            #expect(getenv("NOTIFY_SOCKET") != nil)
        }
    }
}

/// Puts a pipe at the descriptors 3 and 4, and what was there back again: the test's own line to who runs it may be there.
private struct HighNumbers {
    private let before: [CInt]

    init() {
        before = [3, 4].map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
        var ends: [CInt] = [-1, -1]
        pipe(&ends)
        let high = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
        for end in ends where end > 4 { close(end) }
        // Whoever had these numbers in a process that has just begun may still be about to close what it thinks is its own.
        for _ in 0..<30 {
            for (number, end) in zip([3, 4] as [CInt], high) { dup2(end, number) }
            usleep(10_000)
        }
        for end in high { close(end) }
    }

    func restore() {
        for (number, old) in zip([3, 4] as [CInt], before) {
            if old >= 0 { dup2(old, number) } else { close(number) }
        }
    }
}
