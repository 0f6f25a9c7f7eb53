internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// The runtime that makes the containers.
package struct RealRuntime: Sendable, Equatable {
    /// Its path; absolute unless it was named by another.
    package let path: String

    /// Where packages put runtimes, if PATH does not lead there.
    private static let usualFolders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]

    /// - Parameters:
    ///   - name: name or path; `nil` for runc, else crun.
    ///   - searchPath: PATH of the environment.
    ///   - wrappers: this program, and copies of it that were passed on the way here: they are never taken for the runtime.
    package static func find(_ name: String?, searchPath: String, wrappers: PassedWrappers) throws(WrapperFailure) -> RealRuntime {
        guard let name else {
            for candidate in ["runc", "crun"] {
                if let found = look(for: candidate, searchPath, wrappers) { return found }
            }
            throw WrapperFailure("neither runc nor crun is in PATH or in \(usualFolders.joined(separator: ", ")): say --lxcfs-runtime=PATH")
        }
        if name.contains("/") {
            let status: FileStatus
            do throws(Errno) {
                status = try FileStatus(following: name)
            } catch {
                throw WrapperFailure("the runtime \(name) cannot be used: \(error)")
            }
            if wrappers.contains(status) {
                throw WrapperFailure("\(name) is lxcfs-runtime itself: name the real runtime, --lxcfs-runtime=PATH")
            }
            return RealRuntime(path: name)
        }
        if let found = look(for: name, searchPath, wrappers) { return found }
        throw WrapperFailure(
            "the runtime \(name) is neither in PATH nor in \(usualFolders.joined(separator: ", ")): say --lxcfs-runtime=PATH")
    }

    private static func look(for name: String, _ searchPath: String, _ wrappers: PassedWrappers) -> RealRuntime? {
        for folder in searchPath.split(separator: ":").map(String.init) + usualFolders where folder.hasPrefix("/") {
            let path = folder + "/" + name
            guard access(path, X_OK) == 0, let status = try? FileStatus(following: path), status.isRegularFile else { continue }
            if wrappers.contains(status) { continue }
            return RealRuntime(path: path)
        }
        return nil
    }

    /// Whether it is crun, or a version of it: that one mounts wherever it is told to. Whoever else is asked is held for as strict as runc.
    package var isCrun: Bool { path.split(separator: "/").last?.hasPrefix("crun") ?? false }

    /// execv(3): this process goes on as the runtime, with the same pid, environment and descriptors.
    /// - Parameter arguments: those of this process that are the runtime's, as the kernel handed them over, byte for byte.
    /// - Returns: only where it fails, with the reason.
    func execute(_ arguments: [UnsafeMutablePointer<CChar>?]) -> Errno {
        path.withCString { program in
            let list = [UnsafeMutablePointer(mutating: program)] + arguments + [nil]
            _ = execv(program, list)
            return Errno(rawValue: errno)
        }
    }
}
