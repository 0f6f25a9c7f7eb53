internal import CLinux
internal import Glibc
internal import Synchronization
package import SystemPackage

/// Work that is done as somebody else: the kernel's own permission checks decide about it.
package enum CredentialedThread {
    /// Of as much only what is touched is there.
    private static let stackSize = 256 << 10

    /// Runs `body` on a thread of its own that has taken `credentials` for good before it begins, and waits for it.
    ///
    /// The thread has the effective and the file system ids, the supplementary groups, and of the capabilities those that this process has itself; real
    /// and saved ids stay this process's; its umask is 0. All other threads keep everything.
    /// - Throws: what `body` throws. EAGAIN where no thread can be started. EPERM, or what the kernel said, where the thread could not become
    ///   exactly that: `body` was not run then.
    package static func run<Value: Sendable>(
        as credentials: ThreadCredentials, _ body: @escaping @Sendable () throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let outcome = Outcome<Value>()
        let thread = try JoinableThread(name: "lxcfs/as-caller", stackSize: stackSize) {
            do throws(Errno) {
                try become(credentials)
                outcome.result.withLock { [value = try body()] in $0 = .success(value) }
            } catch {
                outcome.result.withLock { $0 = .failure(error) }
            }
        }
        thread.join()
        return try outcome.result.withLock { $0 }.get()
    }

    /// Tries it once.
    /// - Throws: why this process cannot do that. EPERM where a thread without privileges can open what only root may.
    package static func check() throws(Errno) {
        let memory = clinux_memfd("lxcfs-check", 1)
        guard memory >= 0 else { throw Errno(rawValue: errno) }
        let file = OwnedFileDescriptor(adopting: memory)
        guard fchmod(memory, 0o600) == 0 else { throw Errno(rawValue: errno) }
        let path = "/proc/self/fd/\(memory)"
        // Whoever could not open it anyway proves nothing.
        _ = try OwnedFileDescriptor.openForReading(path)
        let nobody = ThreadCredentials.unprivileged(user: 65534, group: 65534)
        let isOpened = try run(as: nobody) { (try? OwnedFileDescriptor.openForReading(path)) != nil }
        withExtendedLifetime(file) {}
        if isOpened { throw .notPermitted }
    }

    private static func become(_ credentials: ThreadCredentials) throws(Errno) {
        var wanted = clinux_credentials(
            effective_user: credentials.effectiveUser, file_system_user: credentials.fileSystemUser,
            effective_group: credentials.effectiveGroup, file_system_group: credentials.fileSystemGroup, effective: credentials.effective,
            permitted: credentials.permitted)
        guard clinux_become(&wanted, credentials.groups, credentials.groups.count) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Written by the thread, read when it has ended.
    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, Errno>>(.failure(.resourceTemporarilyUnavailable))
    }
}
