internal import CLinux
internal import Glibc

/// Who this process is, and process-wide settings.
package enum ProcessIdentity {
    /// This process's pid.
    package static var pid: Int32 { getpid() }

    /// The pid of the process that started this one; of whoever took its place, when that has ended.
    package static var parent: Int32 { getppid() }

    /// The effective user id.
    package static var effectiveUser: UInt32 { geteuid() }

    /// The id of a group, by its name or as a number; `nil` where there is none.
    package static func group(named name: String) -> UInt32? {
        if let group = getgrnam(name) { return group.pointee.gr_gid }
        return UInt32(name)
    }

    /// The path of the program that this process was started from.
    ///
    /// As it was called, through symbolic links, where that leads to it: what the links point to later is then found there too.
    /// - Parameter name: what it was called, its first argument.
    package static func program(calledAs name: String) -> String {
        let folders = name.contains("/") ? [""] : (ProcessEnvironment.value(of: "PATH") ?? "").split(separator: ":").map { $0 + "/" }
        guard let own = try? FileStatus(following: "/proc/self/exe") else { return image }
        let paths = folders.map { absolute($0 + name) }
        return paths.first { (try? FileStatus(following: $0))?.isSameFile(as: own) == true } ?? image
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    /// The path of the executed file, without symbolic links, whether or not it is still there.
    private static var image: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // d_path() says so of a file that was replaced or removed.
        return path.hasSuffix(" (deleted)") ? String(path.dropLast(" (deleted)".count)) : path
    }

    /// What ps(1) shows as the name of the calling thread, and of the process if that is its first; 15 bytes.
    package static func setName(_ name: String) {
        clinux_set_thread_name(name)
    }

    /// Sends SIGTERM to this process.
    package static func end() {
        kill(getpid(), SIGTERM)
    }

    /// Makes one heap serve all threads, so that memory does not grow with their number. To be called before the first thread is started.
    package static func limitHeaps() {
        clinux_limit_malloc_arenas(1)
    }

    /// Gives memory that was freed back to the kernel.
    package static func returnFreeMemory() {
        clinux_malloc_trim()
    }

    /// Raises the limit of open files as far as allowed and returns it.
    @discardableResult package static func raiseFileLimit() -> UInt64 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return UInt64(limit.rlim_cur)
    }
}
