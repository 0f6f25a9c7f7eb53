internal import FUSE
internal import LinuxSystem
internal import Logging

/// Logs what happens to the session, and tells the keeper when the mount is gone.
struct SessionReport: Sendable {
    let logger: Logger
    let keeper: KeeperLink

    @Sendable func note(_ event: SessionEvent) {
        switch event {
        case .unmounted:
            // Without a keeper it is this process that has to end.
            if !keeper.send(.unmounted) { ProcessIdentity.end() }
        case .readFailed(let error): logger.error("a request could not be received: \(error)")
        case .replyFailed(let error): logger.error("an answer was not taken by the kernel: \(error)")
        case .condemned(let request): logger.error("\(request)")
        }
    }
}
