import CLinux
import Glibc
import LinuxSystem
import SystemPackage
import Testing

/// With a tmpfs in the place of our file system, and a process of `unshare --mount` in that of a container.
@Suite("Visits to mount namespaces", .serialized, .enabled(if: geteuid() == 0, "mounting needs root"))
struct MountNamespaceVisitTests {
    /// A tmpfs with a file and a folder, and a mount namespace with a tmpfs of its own.
    private final class Bench {
        let folder: String
        let pid: pid_t
        let process: Directory
        var source: String { folder + "/source" }
        var inside: String { folder + "/inside" }

        init() throws {
            var template = Array("/tmp/lxcfs-visit-XXXXXX".utf8CString)
            folder = String(cString: try #require(mkdtemp(&template)))
            let script = """
                cd "$1" && mkdir source inside && mount -t tmpfs -o mode=755 source source && mount --make-shared source || exit 1
                echo ours > source/file && mkdir source/folder && echo deep > source/folder/file
                exec unshare --mount sh -c 'mount -t tmpfs inside "$1/inside" && cd "$1/inside" && echo its > file && mkdir -p a/b && echo its > a/b/c \
                    && ln -s a link && ln -s file end && touch ready && exec sleep 600' sh "$1"
                """
            pid = try Bench.spawn(["sh", "-c", script, "sh", folder])
            process = try Directory(path: "/proc/\(pid)")
            let ready = "/proc/\(pid)/root" + folder + "/inside/ready"
            for _ in 0..<1000 where access(ready, F_OK) != 0 { usleep(10_000) }
            try #require(access(ready, F_OK) == 0)
        }

        deinit {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            umount2(source, CInt(MNT_DETACH))
            for name in [source, inside, folder] { rmdir(name) }
        }

        var device: String {
            get throws { try #require(MountTable.current().mounts(at: source).last?.device) }
        }

        func visit(_ copies: [String] = []) throws -> MountNamespaceVisit {
            try MountNamespaceVisit(to: process, mountPoint: source, device: device, copies: copies)
        }

        func text(_ path: String) -> String? {
            guard let file = fopen("/proc/\(pid)/root" + path, "r") else { return nil }
            defer { fclose(file) }
            var buffer = [CChar](repeating: 0, count: 256)
            guard fgets(&buffer, 256, file) != nil else { return "" }
            return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        /// The line of mountinfo of what is mounted at the place.
        func line(_ path: String) -> String? {
            let table = Bench.output(of: "/proc/\(pid)/mountinfo")
            return table.split(separator: "\n").last { $0.contains(" \(path) ") }.map(String.init)
        }

        static func output(of path: String) -> String {
            guard let file = fopen(path, "r") else { return "" }
            defer { fclose(file) }
            var text: [UInt8] = []
            while case let byte = getc(file), byte != EOF { text.append(UInt8(truncatingIfNeeded: byte)) }
            return String(decoding: text, as: UTF8.self)
        }

        private static func spawn(_ arguments: [String]) throws -> pid_t {
            var child = pid_t()
            var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
            defer { pointers.forEach { free($0) } }
            try #require(posix_spawnp(&child, arguments[0], nil, nil, &pointers, environ) == 0)
            return child
        }
    }

    @Test func looksAndFollowsNoSymbolicLink() throws {
        let bench = try Bench()
        let visit = try bench.visit()
        #expect(visit.namespace == (try bench.process.status("ns/mnt").inode))
        let file = try visit.look(at: bench.inside + "/a/b/c").get()
        #expect(!file.isFolder && !file.isSymbolicLink)
        #expect(try visit.look(at: bench.inside + "/a/b").get().isFolder)
        #expect(try visit.look(at: bench.inside + "/a/b").get().device == file.device)
        #expect(try visit.look(at: bench.inside + "/end").get().isSymbolicLink)
        #expect(try visit.look(at: bench.inside + "/link/b/c") == .failure(.notDirectory))
        #expect(try visit.look(at: bench.inside + "/nothing") == .failure(.noSuchFileOrDirectory))
        #expect(try visit.look(at: bench.inside + "/a/../a") == .failure(.invalidArgument))
        #expect(try visit.look(at: "/") == .failure(.invalidArgument))
        #expect(try visit.look(at: "/" + String(repeating: "x", count: 300)) == .failure(.fileNameTooLong))
        #expect(try visit.look(at: String(repeating: "/x", count: 3000)) == .failure(.fileNameTooLong))
        #expect(try !visit.isDead())
    }

    @Test func placesACopyAndTakesItAway() throws {
        let bench = try Bench()
        let visit = try bench.visit(["file", "folder", "nothing", "file"])
        let place = bench.inside + "/file"
        _ = try visit.look(at: place).get()
        #expect(try visit.place(copy: 0) == nil)
        #expect(bench.text(place) == "ours")
        let line = try #require(bench.line(place))
        for option in ["nosuid", "nodev", "noexec"] { #expect(line.contains(option), "\(line)") }
        #expect(line.contains("master:") && !line.contains("shared:"), "\(line)")
        #expect(try visit.look(at: place).get().device == (try bench.device))
        #expect(try visit.place(copy: 0) != nil, "a copy is placed once")
        #expect(try visit.removeMount() == nil)
        #expect(bench.text(place) == "its")
        #expect(try visit.removeMount() == .invalidArgument, "it is no mount any more")

        _ = try visit.look(at: bench.inside + "/a/b").get()
        #expect(try visit.place(copy: 3) != nil, "a file does not go over a folder")
        #expect(try visit.place(copy: 1) == nil)
        #expect(bench.text(bench.inside + "/a/b/file") == "deep")
        #expect(try visit.fault(ofCopy: 2) == .noSuchFileOrDirectory)
        #expect(try visit.place(copy: 2) == .noSuchFileOrDirectory)
        #expect(try visit.fault(ofCopy: 3) == nil)
        #expect(try visit.fault(ofCopy: 4) == .invalidArgument)
        #expect(try MountTable.current().entries.allSatisfy { !$0.mountPoint.hasPrefix(bench.inside) }, "nothing of it is seen outside")
    }

    @Test func aCopyIsOfTheFileSystemAndOfNothingElse() throws {
        let bench = try Bench()
        try #require(mount("none", bench.source + "/folder", "tmpfs", 0, nil) == 0)
        defer { umount2(bench.source + "/folder", CInt(MNT_DETACH)) }
        let paths = ["../source/file", "folder/..", "/etc", "..", "folder", "..file", "file"]
        let visit = try bench.visit(paths)
        let faults = try paths.indices.map { try visit.fault(ofCopy: $0) }
        let outside = Errno.improperLink
        #expect(faults == [outside, outside, outside, outside, outside, .noSuchFileOrDirectory, nil])
    }

    @Test func theWholeFileSystemCanBePlaced() throws {
        let bench = try Bench()
        let visit = try bench.visit([""])
        _ = try visit.look(at: bench.inside + "/a").get()
        #expect(try visit.place(copy: 0) == nil)
        #expect(bench.text(bench.inside + "/a/folder/file") == "deep")
    }

    @Test func anotherFileSystemAtTheMountPointIsRefused() throws {
        let bench = try Bench()
        #expect(throws: MountNamespaceVisit.Failure.mountIsDead) {
            try MountNamespaceVisit(to: bench.process, mountPoint: bench.source, device: "0:1048575", copies: [])
        }
        #expect(throws: MountNamespaceVisit.Failure.mountIsDead) {
            try MountNamespaceVisit(to: bench.process, mountPoint: bench.folder + "/none", device: "0:1", copies: [])
        }
    }

    @Test func aProcessThatIsGoneIsSaidSo() throws {
        let bench = try Bench()
        let visit = try bench.visit()
        kill(bench.pid, SIGKILL)
        waitpid(bench.pid, nil, 0)
        #expect(throws: MountNamespaceVisit.Failure.noProcess) { try bench.visit() }
        // Who is there already has the namespace.
        #expect(try visit.look(at: bench.inside + "/file").get().isFolder == false)
    }

    /// In a process of its own: other tests open files too.
    @Test func nothingIsLeftOfAVisit() async {
        await #expect(processExitsWith: .success) {
            let bench = try Bench()
            let descriptors = try Directory(path: "/proc/self/fd").names().count
            for _ in 0..<50 {
                _ = try bench.visit(["file", "folder"]).look(at: bench.inside + "/file")
                _ = try? MountNamespaceVisit(to: bench.process, mountPoint: bench.source, device: "0:1048575", copies: ["file"])
            }
            #expect(try Directory(path: "/proc/self/fd").names().count <= descriptors + 2)
            let children = Bench.output(of: "/proc/self/task/\(getpid())/children").split(separator: " ")
            let zombies = children.filter { Bench.output(of: "/proc/\($0)/stat").contains(") Z ") }
            #expect(zombies.isEmpty, "\(zombies)")
            #expect(bench.line(bench.inside + "/file") == nil)
        }
    }

    @Test func theVisitorHasNothingOfTheDaemonsOpen() throws {
        let bench = try Bench()
        let before = Set(try visitors())
        let visit = try bench.visit(["file"])
        let own = try #require(try visitors().first { !before.contains($0) })
        // The line, the root, and the copy.
        #expect(try Directory(path: "/proc/\(own)/fd").names().count == 3)
        withExtendedLifetime(visit) {}
    }

    /// The children of this process's threads that run its own program.
    private func visitors() throws -> [String] {
        let tasks = try Directory(path: "/proc/self/task").names()
        return tasks.flatMap { Bench.output(of: "/proc/self/task/\($0)/children").split(separator: " ").map(String.init) }
            .filter { Bench.output(of: "/proc/\($0)/cmdline") == Bench.output(of: "/proc/self/cmdline") }
    }
}
