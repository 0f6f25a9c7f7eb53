import Glibc
import LinuxSystem
import Synchronization
import Testing

@Suite("JoinableThread")
struct JoinableThreadTests {
    @Test func aBlockedSystemCallIsInterruptedWhateverItsStarterBlocks() throws {
        // In a thread of its own: the mask must not stay with the test library's.
        let error = Atomic<CInt>(0)
        let starter = try JoinableThread(name: "starter", stackSize: 262144) {
            SignalSet.allButFaults.block()
            let sleeper = try? JoinableThread(name: "sleeper", stackSize: 262144) {
                if poll(nil, 0, 20_000) < 0 { error.store(errno, ordering: .releasing) }
            }
            guard let sleeper else { return }
            while !sleeper.isFinished {
                sleeper.interrupt()
                usleep(1000)
            }
            sleeper.join()
        }
        starter.join()
        let result = error.load(ordering: .acquiring)
        #expect(result == EINTR)
    }

    @Test func joiningTwiceAndWakingTheDeadAreHarmless() throws {
        let thread = try JoinableThread(name: "a name of more than fifteen bytes", stackSize: 262144) {}
        thread.join()
        thread.join()
        thread.interrupt()
        #expect(thread.isFinished)
    }

    @Test func setsHoldWhatWasPutIn() {
        var signals = SignalSet([SIGTERM, SIGUSR1])
        #expect(signals.contains(SIGTERM))
        #expect(!signals.contains(SIGINT))
        signals.remove(SIGTERM)
        #expect(!signals.contains(SIGTERM))
        #expect(SignalSet.allButFaults.contains(SIGTERM))
        #expect(!SignalSet.allButFaults.contains(SIGSEGV))
    }
}
