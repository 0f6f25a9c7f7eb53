internal import CFuse3

/// Serves a connection with a pool of threads.
package final class Session: Sendable {
    let fileSystem: any FileSystem

    init(fileSystem: any FileSystem) {
        self.fileSystem = fileSystem
    }

    /// The file system that a request is for.
    static func fileSystem(of request: OpaquePointer) -> any FileSystem {
        guard let pointer = fuse_req_userdata(request) else { preconditionFailure("libfuse lost its user data") }
        return Unmanaged<Session>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.fileSystem }
    }
}
