internal import LinuxSystem
package import SystemPackage

/// Why a call came to nothing.
package enum ClientError: Error, Sendable, Equatable {
    /// Nobody listens at the socket, or there is none: ENOENT, ENOTDIR, ECONNREFUSED.
    case notRunning
    /// The socket's mode, or that of a folder above it, forbids it: EACCES, EPERM.
    case notPermitted
    /// The daemon did not answer in the time given. What the call was to change may have been changed.
    case timedOut
    /// The daemon hung up before it had answered. What the call was to change may have been changed.
    case closed
    /// The descriptor that the client was given to watch had input.
    case interrupted
    /// The daemon's answer is an error; or, by the name BadMessage, is not understood.
    case fault(ControlFault)
    /// The kernel refuses something: ENAMETOOLONG for a path beyond `ClientSocket.longestPath`, EMFILE.
    case system(Errno)

    /// A sentence that begins small and has no full stop.
    package func sentence(socket: String) -> String {
        switch self {
        case .notRunning: "no lxcfs is running at \(socket)"
        case .notPermitted: "this user may not open \(socket)"
        case .timedOut, .interrupted: "lxcfs did not answer at \(socket) in time"
        case .closed: "lxcfs hung up at \(socket) before it had answered"
        case .fault(let fault): "lxcfs answered at \(socket): \(fault.reason)"
        case .system(.fileNameTooLong): "the path of a socket has at most \(ClientSocket.longestPath) bytes, \(socket) has more"
        case .system(let error): "cannot connect to \(socket): \(error)"
        }
    }

    init(_ error: Errno) {
        switch error {
        case .noSuchFileOrDirectory, .notDirectory, .connectionRefused: self = .notRunning
        case .permissionDenied, .notPermitted: self = .notPermitted
        case .timedOut: self = .timedOut
        case .brokenPipe, .connectionReset: self = .closed
        case .interrupted: self = .interrupted
        default: self = .system(error)
        }
    }
}
