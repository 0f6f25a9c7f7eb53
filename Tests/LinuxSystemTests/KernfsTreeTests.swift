import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import Testing

/// A cgroup of the test's own.
final class OwnCgroup: Sendable {
    let mountPoint: String
    let name: String
    var path: String { mountPoint + "/" + name }

    static let isPossible = geteuid() == 0 && hierarchy != nil

    private static let hierarchy: String? = {
        let entries = (try? MountTable.current().entries.filter { $0.type.hasPrefix("cgroup") }) ?? []
        let v1 = entries.first { $0.type == "cgroup" && $0.superOptions.contains("freezer") }
        return (v1 ?? entries.first { $0.type == "cgroup2" })?.mountPoint
    }()

    init(_ purpose: String) throws {
        mountPoint = try #require(OwnCgroup.hierarchy)
        name = "lxcfs-test-sys-\(purpose)-\(getpid())"
        try #require(mkdir(mountPoint + "/" + name, 0o755) == 0)
    }

    deinit {
        OwnCgroup.remove(path)
    }

    func tree(pristine: Bool = true) throws -> KernfsTree {
        let root = try pristine ? Directory(pristineMountAt: mountPoint) : Directory(path: mountPoint)
        return try KernfsTree(root, proc: Directory(pristineMountAt: "/proc"))
    }

    private static func remove(_ path: String) {
        guard let folder = try? Directory(path: path) else { return }
        for name in (try? folder.subdirectories()) ?? [] { remove(path + "/" + String(decoding: name, as: UTF8.self)) }
        rmdir(path)
    }
}

@Suite("A kernfs", .serialized, .enabled(if: OwnCgroup.isPossible, "needs root and cgroups"))
struct KernfsTreeTests {
    private func inode(_ path: String) throws -> UInt64 { try FileStatus(following: path).inode }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [true, false]) func fromANumberToAPath(pristine: Bool) throws {
        let own = try OwnCgroup("paths")
        let tree = try own.tree(pristine: pristine)
        #expect(try tree.path(ofNode: tree.status.inode) == [])
        #expect(try tree.path(ofNode: inode(own.mountPoint)) == [])
        #expect(try tree.path(ofNode: inode(own.path)) == bytes(own.name))
        for name in ["a", "a/b b", "a/ü", "a/\u{1}", "a/x (deleted)", "a/x (deleted)/y"] {
            try #require(mkdir(own.path + "/" + name, 0o755) == 0)
            let node = try inode(own.path + "/" + name)
            #expect(try tree.path(ofNode: node) == bytes(own.name + "/" + name))
            #expect(try tree.open(bytes(own.name + "/" + name), O_RDONLY).status().inode == node)
        }
    }

    @Test func aRemovedOneIsStale() throws {
        let own = try OwnCgroup("removed")
        let tree = try own.tree()
        try #require(mkdir(own.path + "/a", 0o755) == 0)
        let node = try inode(own.path + "/a")
        // Held open: its number is not used again, and the kernel keeps what it knows of it.
        let held = try Directory(path: own.path + "/a")
        #expect(try tree.path(ofNode: node) == bytes(own.name + "/a"))
        try #require(rmdir(own.path + "/a") == 0)
        #expect(throws: Errno.staleNFSFileHandle) { try tree.path(ofNode: node) }
        try #require(mkdir(own.path + "/a", 0o755) == 0)
        #expect(throws: Errno.staleNFSFileHandle) { try tree.path(ofNode: node) }
        withExtendedLifetime(held) {}
        #expect(throws: Errno.staleNFSFileHandle) { try tree.path(ofNode: 0xffff_ffff_ffff) }
        #expect(throws: Errno.staleNFSFileHandle) { try tree.path(ofNode: 0) }
        #expect(throws: Errno.staleNFSFileHandle) { try tree.path(ofNode: .max) }
        // A file has a number, too.
        #expect(throws: Errno.self) { try tree.path(ofNode: inode(own.path + "/cgroup.procs")) }
    }

    /// While it is made and removed by somebody else: its path or nothing, never the kernel's text of one that was removed.
    @Test func oneThatGoesHasItsPathOrNone() throws {
        let own = try OwnCgroup("race")
        let tree = try own.tree()
        let path = own.path + "/a"
        let node = Atomic<UInt64>(tree.status.inode)
        let isOver = Atomic(false)
        let other = try JoinableThread(name: "other", stackSize: 262144) {
            while !isOver.load(ordering: .acquiring) {
                mkdir(path, 0o755)
                if let made = try? FileStatus(following: path) { node.store(made.inode, ordering: .releasing) }
                rmdir(path)
            }
        }
        var counts = [0, 0]
        var others: Set<[UInt8]> = []
        while counts.contains(where: { $0 < 500 }), counts[0] + counts[1] < 1_000_000, others.isEmpty {
            let found = try? tree.path(ofNode: node.load(ordering: .acquiring))
            counts[found == nil ? 0 : 1] += 1
            if let found, found != bytes(own.name + "/a"), !found.isEmpty { others.insert(found) }
        }
        isOver.store(true, ordering: .releasing)
        other.join()
        #expect(others.map { String(decoding: $0, as: UTF8.self) } == [])
        #expect(!counts.contains { $0 < 500 }, "\(counts)")
    }

    @Test func aRenamedOneHasItsNewPath() throws {
        let own = try OwnCgroup("renamed")
        try #require(mkdir(own.path + "/a", 0o755) == 0)
        let node = try inode(own.path + "/a")
        let tree = try own.tree()
        #expect(try tree.path(ofNode: node) == bytes(own.name + "/a"))
        // Version 2 has no rename.
        guard rename(own.path + "/a", own.path + "/b") == 0 else { return }
        #expect(try tree.path(ofNode: node) == bytes(own.name + "/b"))
    }

    @Test func aPathThatIsTooLongIsSaidSo() throws {
        let own = try OwnCgroup("deep")
        let tree = try own.tree()
        let name = [UInt8](repeating: UInt8(ascii: "n"), count: 250)
        var folder = try tree.open(bytes(own.name), O_RDONLY)
        var path = bytes(own.name)
        for _ in 0..<17 {
            try folder.makeDirectory(name, mode: 0o755)
            folder = try folder.openBeneath(name, O_RDONLY)
            path += [UInt8(ascii: "/")] + name
            let node = try folder.status().inode
            if path.count < 4095 {
                #expect(try tree.path(ofNode: node) == path)
            } else {
                #expect(throws: Errno.fileNameTooLong) { try tree.path(ofNode: node) }
            }
        }
        #expect(path.count > 4096)
        for depth in stride(from: 16, through: 0, by: -1) {
            var parent = try tree.open(bytes(own.name), O_RDONLY)
            for _ in 0..<depth { parent = try parent.openBeneath(name, O_RDONLY) }
            try parent.removeDirectory(name)
        }
    }

    /// What is opened lies below the root, whatever the path says.
    @Test func nothingLeadsOut() throws {
        let own = try OwnCgroup("beneath")
        let tree = try own.tree()
        for path in ["..", "../..", own.name + "/../../x", "/", "/proc", own.path] {
            #expect(throws: Errno.improperLink) { _ = try tree.open(bytes(path), O_RDONLY) }
        }
        #expect(throws: Errno.invalidArgument) { _ = try tree.open(bytes(own.name) + [0], O_RDONLY) }
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try tree.open(bytes(own.name + "/none"), O_RDONLY) }
        #expect(try tree.open([], O_RDONLY).status().inode == tree.status.inode)

        var template = Array("/tmp/lxcfs-beneath-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { rmdir(folder) }
        try #require(symlink("/", folder + "/link") == 0 && symlink("a", folder + "/inner") == 0 && mkdir(folder + "/a", 0o755) == 0)
        defer {
            unlink(folder + "/link")
            unlink(folder + "/inner")
            rmdir(folder + "/a")
        }
        let outside = try OwnedFileDescriptor.open(folder, O_RDONLY)
        for path in ["link", "link/tmp", "inner"] {
            #expect(throws: Errno.tooManySymbolicLinkLevels) { _ = try outside.openBeneath(bytes(path), O_RDONLY) }
        }
        #expect(try outside.openBeneath(bytes("a"), O_RDONLY).status().isDirectory)
        let root = try OwnedFileDescriptor.open("/", O_RDONLY)
        for path in ["proc", "proc/self", "proc/uptime"] {
            #expect(throws: Errno.improperLink) { _ = try root.openBeneath(bytes(path), O_RDONLY) }
        }
    }

    /// A mount of a part of it: what lies beside that has a path, too, but not below this root.
    @Test func ofAPartOnlyThePartIsKnown() throws {
        let own = try OwnCgroup("part")
        for name in ["a", "a/b", "c"] { try #require(mkdir(own.path + "/" + name, 0o755) == 0) }
        let part = try KernfsTree(Directory(pristineMountAt: own.path + "/a"), proc: Directory(path: "/proc"))
        #expect(try part.path(ofNode: inode(own.path + "/a/b")) == bytes("b"))
        #expect(throws: Errno.staleNFSFileHandle) { try part.path(ofNode: inode(own.path + "/c")) }
        #expect(throws: Errno.staleNFSFileHandle) { try part.path(ofNode: inode(own.mountPoint)) }
    }

    @Test func anotherFileSystemIsNone() throws {
        #expect(throws: Errno.self) { try KernfsTree(Directory(path: "/tmp"), proc: Directory(path: "/proc")) }
    }

    @Test func whoMayNotOpenByNumberHasNone() throws {
        let own = try OwnCgroup("rights")
        #expect(throws: Errno.notPermitted) {
            try CredentialedThread.run(as: .unprivileged(user: 0, group: 0)) { () throws(Errno) in
                _ = try KernfsTree(Directory(path: own.mountPoint), proc: Directory(path: "/proc"))
            }
        }
    }
}
