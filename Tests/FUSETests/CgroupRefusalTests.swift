import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    /// What a writable part refuses without being asked, and what cgroupfs itself answers.
    @Suite("What cgroupfs does not have") struct CgroupRefusalTests {
        /// What is called, in a directory with a file and a folder, and the error that it leaves.
        struct Call: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let error: Errno?
            let call: @Sendable (_ directory: String, _ file: String) -> CInt

            init(_ name: String, _ error: Errno?, _ call: @escaping @Sendable (String, String) -> CInt) {
                testDescription = name
                self.error = error
                self.call = call
            }

            /// On a file that is open for reading and writing.
            static func ofOpen(_ name: String, _ error: Errno?, _ call: @escaping @Sendable (CInt) -> CInt) -> Call {
                Call(name, error) { _, file in
                    guard let file = try? OwnedFileDescriptor.open(file, O_RDWR) else { return 0 }
                    return call(file.rawValue)
                }
            }
        }

        /// fallocate(2), which Swift's Glibc module does not have.
        private static let allocate = dlsym(nil, "fallocate").map {
            unsafeBitCast($0, to: (@convention(c) (CInt, CInt, off_t, off_t) -> CInt).self)
        }

        static let calls: [Call] = [
            Call("open(O_CREAT)", .permissionDenied) { directory, _ in Glibc.open(directory + "/new", O_RDWR | O_CREAT, 0o644) },
            Call("open(O_CREAT | O_EXCL)", .permissionDenied) { directory, _ in
                Glibc.open(directory + "/new", O_RDONLY | O_CREAT | O_EXCL, 0o644)
            },
            Call("open(O_CREAT | O_EXCL) of a file", .fileExists) { _, file in Glibc.open(file, O_RDWR | O_CREAT | O_EXCL, 0o644) },
            Call("mknod of a file", .permissionDenied) { directory, _ in mknod(directory + "/new", S_IFREG | 0o644, 0) },
            Call("mkfifo", .notPermitted) { directory, _ in mkfifo(directory + "/new", 0o644) },
            Call("symlink", .notPermitted) { directory, _ in symlink("target", directory + "/new") },
            Call("link", .notPermitted) { directory, file in link(file, directory + "/new") },
            Call("unlink", .notPermitted) { _, file in unlink(file) },
            Call("unlink of nothing", .noSuchFileOrDirectory) { directory, _ in unlink(directory + "/none") },
            Call("unlink of a directory", .isDirectory) { directory, _ in unlink(directory + "/folder") },
            Call("rmdir of a file", .notDirectory) { _, file in rmdir(file) },
            Call("access", nil) { _, file in Glibc.access(file, W_OK) },
            Call("access for execution", .permissionDenied) { _, file in Glibc.access(file, X_OK) },
            Call("truncate", nil) { _, file in truncate(file, 100) },
            Call("truncate of a directory", .isDirectory) { directory, _ in truncate(directory + "/folder", 0) },
            Call("fsync of a directory", .invalidArgument) { directory, _ in
                guard let folder = try? OwnedFileDescriptor.open(directory, O_RDONLY) else { return 0 }
                return fsync(folder.rawValue)
            },
            .ofOpen("fsync", nil) { fsync($0) },
            .ofOpen("fdatasync", nil) { fdatasync($0) },
            .ofOpen("fallocate", Errno(rawValue: EOPNOTSUPP)) { allocate?($0, 0, 0, 10) ?? 0 },
            .ofOpen("SEEK_DATA", .noSuchAddressOrDevice) { CInt(clamping: lseek($0, 0, 3)) },
            .ofOpen("SEEK_HOLE", .noSuchAddressOrDevice) { CInt(clamping: lseek($0, 0, 4)) },
            .ofOpen("SEEK_END", nil) { CInt(clamping: lseek($0, 0, SEEK_END)) },
            .ofOpen("ioctl", Errno(rawValue: ENOTTY)) { isatty($0) - 1 },
            .ofOpen("ftruncate", nil) { ftruncate($0, 5000) },
            .ofOpen("flock", nil) { flock($0, LOCK_EX | LOCK_NB) },
            .ofOpen("a write of nothing", nil) { CInt(clamping: write($0, "", 0)) },
            .ofOpen("pwrite far away", nil) { CInt(clamping: pwrite($0, "1", 1, 1 << 40)) },
            .ofOpen("a long write", Errno(rawValue: E2BIG)) {
                CInt(clamping: write($0, [UInt8](repeating: 32, count: 5000), 5000))
            },
        ]

        @Test(arguments: calls) func isRefusedWithTheSameError(call: Call) throws {
            let toy = try MountedToy()
            #expect(failure { mkdir(toy.shop("folder"), 0o755) } == nil)
            #expect(failure { call.call(toy.shop("."), toy.shop("value")) } == call.error)
            guard let cgroup = CgroupDirectory() else { return }
            #expect(failure { call.call(cgroup.path, cgroup.file) } == call.error, "on cgroupfs")
        }

        @Test func whoMayNotWriteTheDirectoryIsToldThat() throws {
            let toy = try MountedToy()
            let new = toy.shop("sealed/new")
            #expect(failure { mkfifo(new, 0o644) } == .permissionDenied)
            #expect(failure { symlink("target", new) } == .permissionDenied)
            #expect(failure { link(toy.shop("value"), new) } == .permissionDenied)
            #expect(failure { unlink(toy.shop("sealed/value")) } == .permissionDenied)
            #expect(toy.workshop.requests == [ToyWorkshop.Request](repeating: .access([.write, .execute]), count: 4))
        }

        @Test func thereAreNoExtendedAttributes() throws {
            let toy = try MountedToy()
            let attributes = try ExtendedAttributes()
            let file = try OwnedFileDescriptor.open(toy.shop("value"), O_RDWR)
            for name in ["user.a", "trusted.a", "security.a"] {
                #expect(failure { attributes.set(toy.shop("value"), name, "1", 1, 0) } == Errno(rawValue: EOPNOTSUPP))
                #expect(failure { attributes.remove(toy.shop("value"), name) } == Errno(rawValue: EOPNOTSUPP))
                #expect(failure { CInt(clamping: attributes.get(file.rawValue, name, nil, 0)) } == Errno(rawValue: EOPNOTSUPP))
            }
            #expect(failure { attributes.set(toy.path(.text), "user.a", "1", 1, 0) } == .readOnlyFileSystem, "as ever elsewhere")
        }

        @Test func nothingIsCopiedByTheKernelAlone() throws {
            let toy = try MountedToy()
            typealias Copy = @convention(c) (CInt, UnsafeMutablePointer<Int>?, CInt, UnsafeMutablePointer<Int>?, Int, UInt32) -> Int
            let copy = unsafeBitCast(try #require(dlsym(nil, "copy_file_range")), to: Copy.self)
            let source = try toy.open(.text)
            let target = try OwnedFileDescriptor.open(toy.shop("value"), O_WRONLY)
            let error = failure { CInt(clamping: copy(source.rawValue, nil, target.rawValue, nil, 100, 0)) }
            // Older kernels (6.1) read and write instead, as for cgroupfs: that comes as any other WRITE.
            #expect(error == nil ? toy.workshop.writes.count == 1 : error != .readOnlyFileSystem && toy.workshop.writes.isEmpty)
        }
    }
}

/// A cgroup of its own with a cgroup `folder` in it, removed when its owner goes; nil where there is no cgroupfs to be written to.
private struct CgroupDirectory: ~Copyable {
    let path: String
    /// A file that takes a 1.
    let file: String

    init?() {
        let mounts = (try? MountTable.current().entries) ?? []
        let hierarchy = mounts.first { ["cgroup", "cgroup2"].contains($0.type) && Glibc.access($0.mountPoint, W_OK) == 0 }
        guard let hierarchy else { return nil }
        let own = "\(hierarchy.mountPoint)/lxcfs-test-fuse-\(getpid())"
        guard mkdir(own, 0o755) == 0, mkdir(own + "/folder", 0o755) == 0 else { return nil }
        path = own
        file = own + (hierarchy.type == "cgroup" ? "/notify_on_release" : "/cgroup.max.depth")
    }

    deinit {
        rmdir(path + "/folder")
        rmdir(path)
    }
}
