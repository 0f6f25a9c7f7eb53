import LXCFSControl
import LinuxSystem
import Synchronization
import Testing

@testable import LXCFSDaemon

@Suite("Event hub", .timeLimit(.minutes(2)))
struct EventHubTests {
    private final class Heard: Sendable {
        let count = Atomic(0)
    }

    /// On a stack like those on which requests are answered: a worker must not end because it has seen many containers come and go.
    @Test func anyNumberOfEventsMayBePosted() throws {
        let hub = EventHub()
        let heard = Heard()
        let poster = try JoinableThread(name: "poster", stackSize: 512 << 10) {
            hub.listen { _ in heard.count.add(1, ordering: .relaxed) }
            for _ in 0..<20_000 { hub.post(.seen, "a container") }
            hub.listen(nil)
            hub.post(.seen, "nobody hears this")
        }
        poster.join()
        #expect(heard.count.load(ordering: .relaxed) == 20_000)
    }
}
