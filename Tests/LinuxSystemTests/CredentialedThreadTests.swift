import Glibc
import LinuxSystem
import ProcText
import Synchronization
import SystemPackage
import Testing

/// Each in a process of its own: what other tests' threads have is looked at too.
@Suite("A thread with the credentials of somebody else", .enabled(if: geteuid() == 0, "needs root"))
struct CredentialedThreadTests {
    private static let chown: UInt64 = 1 << 0
    private static let overrideForReading: UInt64 = 1 << 2

    private static let somebody = ThreadCredentials(
        effectiveUser: 12345, effectiveGroup: 12346, fileSystemUser: 12347, fileSystemGroup: 12348, groups: [7, 5, 1_000_000, 5],
        effective: overrideForReading, permitted: overrideForReading | chown)

    private static func own() throws -> ThreadCredentials {
        try #require(ThreadCredentials(InputText(text("/proc/thread-self/status")), isInOwnNamespace: true))
    }

    /// A file of root's that only root may read.
    private static func secret() throws -> String {
        var template = Array("/tmp/lxcfs-secret-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0 && fchmod(file, 0o600) == 0)
        close(file)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What a thread sees of itself and of the others.
    private struct Sight: Sendable {
        var credentials: ThreadCredentials
        var own: [Substring]
        var others: [String: [Substring]]

        init() throws(Errno) {
            let proc = try Directory(path: "/proc")
            let name = try proc.destinationOfLink("thread-self").split(separator: "/").last ?? ""
            credentials = try ThreadCredentials(ofThread: Int32(name) ?? 0, proc: proc)
            own = lines(String(name))
            others = [:]
            for task in try proc.names(in: "self/task") where task != name { others[task] = lines("self/task/\(task)") }
        }
    }

    @Test func hasExactlyThoseAndAllOthersKeepTheirs() async {
        await #expect(processExitsWith: .success) {
            let before = try Sight()
            let seen = try CredentialedThread.run(as: CredentialedThreadTests.somebody) { () throws(Errno) in try Sight() }
            var expected = CredentialedThreadTests.somebody
            expected.groups.sort()
            #expect(seen.credentials == expected)
            // The real and the saved ids stay, so that nobody with id 12345 may signal it.
            #expect(seen.own.contains("Uid:\t0\t12345\t0\t12347"), "\(seen.own)")
            #expect(seen.own.contains("Gid:\t0\t12346\t0\t12348"), "\(seen.own)")
            #expect(seen.own.contains("Umask:\t0000"), "\(seen.own)")
            #expect(!seen.others.isEmpty)
            for (task, lines) in seen.others where !lines.isEmpty { #expect(lines == before.own, "thread \(task)") }
            let after = try Sight()
            #expect(after.own == before.own)
        }
    }

    /// Of all capabilities that are asked for it has those of this process.
    @Test(arguments: [UInt32(0), 12345]) func hasNoCapabilityThatThisProcessHasNot(user: UInt32) throws {
        var credentials = ThreadCredentials.unprivileged(user: user, group: user)
        credentials.effective = .max
        credentials.permitted = .max
        let process = try ThreadCredentials(ofThread: getpid(), proc: Directory(path: "/proc"))
        let seen = try CredentialedThread.run(as: credentials) { try? CredentialedThreadTests.own() }
        #expect(seen?.effective == process.permitted)
        #expect(seen?.permitted == process.permitted)
    }

    @Test func theKernelDecidesByWhatItHas() throws {
        let path = try CredentialedThreadTests.secret()
        defer { unlink(path) }
        var credentials = ThreadCredentials.unprivileged(user: 12345, group: 12345)
        let opens: @Sendable () throws(Errno) -> Bool = {
            _ = try OwnedFileDescriptor.openForReading(path)
            return true
        }
        #expect(throws: Errno.permissionDenied) { try CredentialedThread.run(as: credentials, opens) }
        // Bits that are only permitted are no right.
        credentials.permitted = CredentialedThreadTests.overrideForReading
        #expect(throws: Errno.permissionDenied) { try CredentialedThread.run(as: credentials, opens) }
        credentials.effective = CredentialedThreadTests.overrideForReading
        #expect(try CredentialedThread.run(as: credentials, opens))
        // Nor is the id of root, as in a container without capabilities.
        let root = ThreadCredentials.unprivileged(user: 0, group: 0)
        let isChanged = try CredentialedThread.run(as: root) { Glibc.chown(path, 1, 1) == 0 }
        #expect(!isChanged)
        #expect(try CredentialedThread.run(as: root, opens))
        try #require(Glibc.chmod(path, 0o640) == 0 && Glibc.chown(path, 0, 4711) == 0)
        credentials = .unprivileged(user: 12345, group: 12345)
        #expect(throws: Errno.permissionDenied) { try CredentialedThread.run(as: credentials, opens) }
        credentials.groups = [1, 4711]
        #expect(try CredentialedThread.run(as: credentials, opens))
    }

    @Test func whatItMakesIsTheFileSystemIDsAndAsItSays() throws {
        var template = Array("/tmp/lxcfs-owned-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { rmdir(folder) }
        try #require(Glibc.chmod(folder, 0o777) == 0)
        let before = umask(0o022)
        umask(before)
        let place = try FileStatus(following: ".")
        try CredentialedThread.run(as: CredentialedThreadTests.somebody) { () throws(Errno) in
            guard chdir(folder) == 0, mkdir("made", 0o777) == 0 else { throw Errno(rawValue: errno) }
        }
        defer { rmdir(folder + "/made") }
        let made = try FileStatus(following: folder + "/made")
        #expect(made.owner == 12347 && made.group == 12348)
        #expect(made.mode & 0o7777 == 0o777)
        #expect(try FileStatus(following: ".").isSameFile(as: place), "the working directory is the thread's own")
        #expect(umask(before) == before)
    }

    /// The kernel takes no id that is all ones, and no more than 65536 groups.
    private static let impossible: [ThreadCredentials] = {
        let paths = [\ThreadCredentials.effectiveUser, \.effectiveGroup, \.fileSystemUser, \.fileSystemGroup]
        var all = [[1, UInt32.max], Array(repeating: 1, count: 65537)].map { groups in
            var credentials = somebody
            credentials.groups = groups
            return credentials
        }
        for path in paths {
            var credentials = somebody
            credentials[keyPath: path] = .max
            all.append(credentials)
        }
        return all
    }()

    /// What is not exactly as asked for is nothing.
    @Test(arguments: impossible) func whoCannotBecomeThatDoesNothing(credentials: ThreadCredentials) throws {
        let hasRun = Atomic(false)
        #expect(throws: Errno.self) {
            try CredentialedThread.run(as: credentials) { () throws(Errno) in hasRun.store(true, ordering: .relaxed) }
        }
        #expect(hasRun.load(ordering: .relaxed) == false)
    }

    @Test func theErrorOfTheWorkIsTheError() {
        #expect(throws: Errno.resourceBusy) {
            try CredentialedThread.run(as: .unprivileged(user: 1, group: 1)) { () throws(Errno) in throw .resourceBusy }
        }
    }

    @Test func withoutRoomForAThreadItIsTriedAgainLater() async {
        await #expect(processExitsWith: .success) {
            let size = UInt(text("/proc/self/statm").split(separator: " ").first ?? "") ?? 0
            var limit = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
            getrlimit(resource, &limit)
            // Less than a stack.
            var tight = rlimit(rlim_cur: size * UInt(sysconf(CInt(_SC_PAGESIZE))) + 65536, rlim_max: limit.rlim_max)
            setrlimit(resource, &tight)
            let outcome = Result { () throws(Errno) in
                try CredentialedThread.run(as: .unprivileged(user: 1, group: 1)) {}
            }
            setrlimit(resource, &limit)
            #expect(throws: Errno.resourceTemporarilyUnavailable) { try outcome.get() }
        }
    }

    /// A process with the thread's user id may do nothing to it.
    @Test func nobodyOfThatUserMaySignalIt() throws {
        let user = "setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all"
        // A procfs of its own: the machine's may hide the processes of others.
        let script = "mount -t proc -o hidepid=0 proc /proc && exec \(user) sh -c \"$1\" 2>&-"
        let mayUser = { (command: String) in try SpawnedProcess.run(["unshare", "--mount", "sh", "-c", script, "sh", command]) == 0 }
        let own = try SpawnedProcess(user.split(separator: " ").map(String.init) + ["sleep", "60"])
        try own.wait { (try? FileStatus(following: "/proc/\($0)"))?.owner == 12345 }
        let proc = ["echo 500 >/proc/PID/oom_score_adj", "cat /proc/PID/environ >/dev/null", "ls /proc/PID/fd/ >/dev/null"]
        let attempts = proc + ["kill -0 PID"]
        for attempt in attempts {
            let command = attempt.replacing("PID", with: "\(own.pid)")
            #expect(try mayUser(command), "\(command)")
        }
        let tid = Atomic<Int32>(0)
        let isOver = Atomic(false)
        let other = try JoinableThread(name: "other", stackSize: 262144) {
            try? CredentialedThread.run(as: .unprivileged(user: 12345, group: 12345)) { () throws(Errno) in
                let own = try Directory(path: "/proc").destinationOfLink("thread-self").split(separator: "/").last ?? ""
                tid.store(Int32(own) ?? -1, ordering: .releasing)
                while !isOver.load(ordering: .acquiring) { usleep(1000) }
            }
            tid.store(-1, ordering: .releasing)
        }
        defer {
            isOver.store(true, ordering: .releasing)
            other.join()
        }
        while tid.load(ordering: .acquiring) == 0 { usleep(1000) }
        let thread = tid.load(ordering: .acquiring)
        try #require(thread > 0)
        #expect(lines("\(thread)").contains("Uid:\t0\t12345\t0\t12345"))
        for attempt in attempts {
            let command = attempt.replacing("PID", with: "\(thread)")
            #expect(try !mayUser(command), "\(command)")
        }
    }

    @Test func checks() throws {
        try CredentialedThread.check()
        // Who has no right to change its ids.
        #expect(throws: Errno.notPermitted) {
            try CredentialedThread.run(as: .unprivileged(user: 12345, group: 12345)) { () throws(Errno) in
                try CredentialedThread.run(as: .unprivileged(user: 12346, group: 12346)) {}
            }
        }
        #expect(throws: Errno.self) {
            try CredentialedThread.run(as: .unprivileged(user: 0, group: 0)) { () throws(Errno) in try CredentialedThread.check() }
        }
    }
}

/// The lines of TID/status that tell what permissions are checked by.
private func lines(_ tid: String) -> [Substring] {
    let labels = ["Uid:", "Gid:", "Groups:", "Cap", "Umask:", "NoNewPrivs:"]
    return text("/proc/\(tid)/status").split(separator: "\n").filter { line in labels.contains { line.hasPrefix($0) } }
}

private func text(_ path: String) -> String {
    String(decoding: (try? PlainFile.bytes(of: path)) ?? [], as: UTF8.self)
}
