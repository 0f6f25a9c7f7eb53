internal import CLinux
internal import Glibc
internal import Synchronization
package import SystemPackage

/// A process of ours in the mount namespace and root of another, mount_namespaces(7), that looks at mounts there and changes them.
///
/// It is a process because what is mounted there may never answer, and then not even SIGKILL ends who asked: such a one is left behind, with
/// nothing of the daemon's but a copy of its memory. It stays in the daemon's own user and pid namespaces, so it may do in the
/// container what root of the host may, and nobody in the container sees or traces it. Every question is answered in a bounded time.
///
/// For one thread, which has to live as long as the visit: the kernel ends the process with the thread that started it.
package final class MountNamespaceVisit {
    /// Why there is no visit, or why it is over.
    package enum Failure: Error, Equatable {
        /// The mount point is not what the daemon serves.
        case mountIsDead
        /// The process is gone.
        case noProcess
        /// The kernel has no open_tree(2) or move_mount(2): it is older than 5.2.
        case notSupported
        /// The namespace cannot be entered, or no process be started.
        case refused(Errno)
        /// No answer in time. This visit is over.
        case silent
        /// So many visits have not come back that no more are made.
        case tooManySilent
    }

    /// What lies at a place.
    package struct Place: Sendable, Equatable {
        /// The file system's device as mountinfo has it, `major:minor`.
        package let device: String
        package let isFolder: Bool
        package let isSymbolicLink: Bool
    }

    /// Visits that did not come back in time, at most: each keeps what the daemon has changed in its memory since.
    package static let mostSilent = 16
    /// The same for visits that anybody may ask for, so that nobody keeps others from being made.
    package static let mostSilentForAnybody = 4

    /// The inode of the mount namespace that was entered.
    package let namespace: UInt64
    private let process: ProcessDescriptor
    private let pid: Int32
    private let channel: OwnedFileDescriptor
    private let timeoutMilliseconds: Int32
    private var isOver = false

    /// Enters.
    /// - Parameters:
    ///   - process: its folder in a procfs.
    ///   - mountPoint: where the file system is mounted whose files are to be placed, as long as it is the one with this device.
    ///   - copies: what is to be placed, by the paths below the mount point; empty for all of it. At most `mostCopies`.
    ///   - timeout: how long each answer may take, in milliseconds.
    ///   - mostSilent: where so many visits have not come back, this one is not made.
    package init(
        to process: Directory, mountPoint: String, device: String, copies: [String], timeoutMilliseconds: Int32 = 3000,
        mostSilent: Int = MountNamespaceVisit.mostSilent
    ) throws(Failure) {
        guard MountNamespaceVisit.stragglers.clear() < mostSilent else { throw .tooManySilent }
        let numbers = device.split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2 else { throw .mountIsDead }
        var line: CInt = -1
        let paths = copies.map { strdup($0) }
        defer { paths.forEach { free($0) } }
        var pid: pid_t = -1
        process.withDescriptor { folder in
            let pointers = paths.map { UnsafePointer($0) }
            pid = clinux_visit(folder, mountPoint, numbers[0], numbers[1], pointers, CInt(pointers.count), &line)
        }
        guard pid > 0 else { throw .refused(Errno(rawValue: errno)) }
        channel = OwnedFileDescriptor(adopting: line)
        self.pid = pid
        self.timeoutMilliseconds = timeoutMilliseconds
        do throws(Errno) {
            self.process = try ProcessDescriptor(pid: pid)
        } catch {
            // Closing the channel ends it.
            MountNamespaceVisit.stragglers.add(pid)
            throw .refused(error)
        }
        var answer = clinux_visit_answer()
        let received = clinux_visit_answer(line, timeoutMilliseconds, &answer)
        namespace = answer.namespace_inode
        // From here on `deinit` ends the process.
        guard received == 0 else { throw .silent }
        if let failure = MountNamespaceVisit.failure(answer) { throw failure }
    }

    package static let mostCopies = Int(CLINUX_VISIT_MOST_COPIES)

    deinit {
        guard !process.kill(timeout: isOver ? 0 : 1_000_000_000) || clinux_has_ended(pid) == 0 else { return }
        MountNamespaceVisit.stragglers.add(pid)
    }

    /// Goes to an absolute path. No symbolic link is followed: where a folder on the way is one it is ENOTDIR, at the end it is what is found.
    /// Asks nobody who serves a file system that is mounted at the place itself.
    /// - Throws: what the kernel says of the path in the second error.
    package func look(at path: String) throws(Failure) -> Result<Place, Errno> {
        let answer = try ask(CLINUX_VISIT_LOOK, path: path)
        guard answer.error == 0 else { return .failure(Errno(rawValue: answer.error)) }
        return .success(
            Place(
                device: "\(answer.device_major):\(answer.device_minor)", isFolder: mode_t(answer.mode) & S_IFMT == S_IFDIR,
                isSymbolicLink: mode_t(answer.mode) & S_IFMT == S_IFLNK))
    }

    /// Whether whoever serves what `look` found is gone for good. One who does not answer is not gone, but this visit is over: `silent`.
    package func isDead() throws(Failure) -> Bool {
        // Aborted while it was asked (ECONNABORTED): the next question tells.
        for _ in 0..<2 {
            let error = Errno(rawValue: try ask(CLINUX_VISIT_ASK).error)
            if error == .socketNotConnected { return true }
            if error != .connectionAbort { return false }
        }
        return true
    }

    /// Why there is no copy with this number; `nil` where there is one.
    package func fault(ofCopy index: Int) throws(Failure) -> Errno? {
        let error = try ask(CLINUX_VISIT_HAS, index: UInt32(clamping: index)).error
        return error == 0 ? nil : Errno(rawValue: error)
    }

    /// Mounts the copy with this number over what `look` found. Once for each.
    /// - Returns: why not; `nil` where it is done. The error of a copy that could not be made is given here.
    package func place(copy index: Int) throws(Failure) -> Errno? {
        let error = try ask(CLINUX_VISIT_PLACE, index: UInt32(clamping: index)).error
        return error == 0 ? nil : Errno(rawValue: error)
    }

    /// Detaches the topmost mount at the place where `look` went, umount2(2) MNT_DETACH.
    /// - Returns: why not; `nil` where it is done.
    package func removeMount() throws(Failure) -> Errno? {
        let error = try ask(CLINUX_VISIT_REMOVE).error
        return error == 0 ? nil : Errno(rawValue: error)
    }

    private func ask(_ operation: Int, index: UInt32 = 0, path: String = "") throws(Failure) -> clinux_visit_answer {
        var answer = clinux_visit_answer()
        guard !isOver else { throw .silent }
        // A path that is too long is nowhere.
        guard path.utf8.count <= Int(CLINUX_VISIT_LONGEST_PATH) else {
            answer.error = ENAMETOOLONG
            return answer
        }
        guard clinux_visit_ask(channel.rawValue, UInt32(operation), index, path) == 0,
            clinux_visit_answer(channel.rawValue, timeoutMilliseconds, &answer) == 0
        else {
            isOver = true
            throw .silent
        }
        return answer
    }

    private static func failure(_ answer: clinux_visit_answer) -> Failure? {
        let error = Errno(rawValue: answer.error)
        switch Int(answer.stage) {
        case CLINUX_VISIT_READY: return nil
        case CLINUX_VISIT_AT_SOURCE:
            if error == .noFunction { return .notSupported }
            return error == .socketNotConnected || error == .noSuchFileOrDirectory ? .mountIsDead : .refused(error)
        case CLINUX_VISIT_AT_PROCESS:
            return error == .noSuchFileOrDirectory || error == .noSuchProcess ? .noProcess : .refused(error)
        default: return .refused(error)
        }
    }

    private static let stragglers = Stragglers()

    /// Processes that were told to end and have not.
    private final class Stragglers: Sendable {
        private let pids = Mutex<[Int32]>([])

        func add(_ pid: Int32) {
            pids.withLock { $0.append(pid) }
        }

        /// Waits for none: those that have ended by now are reaped.
        /// - Returns: how many are left.
        func clear() -> Int {
            pids.withLock { pids in
                pids.removeAll { clinux_has_ended($0) != 0 }
                return pids.count
            }
        }
    }
}
