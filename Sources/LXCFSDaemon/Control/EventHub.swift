internal import LXCFSControl
internal import LinuxSystem
internal import Synchronization

/// Where everyone says what happened, for those who subscribed on the control socket. Costs next to nothing where nobody did.
final class EventHub: Sendable {
    /// Somebody who listens. A function alone, in a generic value such as a Mutex, is wrapped once more each time that it is looked at under the lock:
    /// after some thousand events its call would need more stack than there is.
    private struct Listener {
        let body: @Sendable (Event) -> Void
    }

    private let listener = Mutex<Listener?>(nil)

    /// Hands every event to `body`, which must neither wait nor post.
    func listen(_ body: (@Sendable (Event) -> Void)?) {
        listener.withLock { $0 = body.map(Listener.init) }
    }

    /// Tells of something that happened now. Any thread may; it does not wait.
    func post(_ kind: Event.Kind, container: String? = nil, pid: Int32? = nil, file: String? = nil, _ text: @autoclosure () -> String) {
        guard let listener = listener.withLock({ $0 }) else { return }
        listener.body(
            Event(kind: kind, at: Clock.realtimeMilliseconds, container: container, pid: pid.map(Int64.init), file: file, text: text()))
    }
}
