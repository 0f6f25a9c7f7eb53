internal import LXCFSControl
internal import LinuxSystem
internal import Synchronization

/// Where everyone says what happened, for those who subscribed on the control socket. Costs next to nothing where nobody did.
final class EventHub: Sendable {
    private let listener = Mutex<(@Sendable (Event) -> Void)?>(nil)

    /// Hands every event to `body`, which must neither wait nor post.
    func listen(_ body: (@Sendable (Event) -> Void)?) {
        listener.withLock { $0 = body }
    }

    /// Tells of something that happened now. Any thread may; it does not wait.
    func post(_ kind: Event.Kind, container: String? = nil, pid: Int32? = nil, file: String? = nil, _ text: @autoclosure () -> String) {
        guard let listener = listener.withLock({ $0 }) else { return }
        listener(
            Event(kind: kind, at: Clock.realtimeMilliseconds, container: container, pid: pid.map(Int64.init), file: file, text: text()))
    }
}
