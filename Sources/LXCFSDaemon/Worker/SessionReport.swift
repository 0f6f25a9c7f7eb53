internal import ContainerViews
internal import FUSE
internal import Logging

/// Logs what happens to the session, and tells the keeper when the mount is gone.
struct SessionReport: Sendable {
    let logger: Logger
    let keeper: KeeperLink

    @Sendable func note(_ event: SessionEvent) {
        switch event {
        case .unmounted: keeper.send(.unmounted)
        case .readFailed(let error): logger.error("a request could not be received: \(error)")
        case .replyFailed(let error): logger.error("an answer was not taken by the kernel: \(error)")
        case .condemned(let request): logger.error("\(request)")
        }
    }
}
