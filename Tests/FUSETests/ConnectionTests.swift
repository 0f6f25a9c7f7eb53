import FUSE
import Glibc
import LinuxSystem
import SystemPackage
import Testing
import ToyFileSystem

extension MountTests {
    @Suite("Connection") struct ConnectionTests {
        @Test func isMountedAsAgreed() throws {
            let toy = try MountedToy()
            let mount = try #require(try MountTable.current().mounts(at: toy.directory.path).last)
            #expect(mount.type == "fuse.lxcfs")
            #expect(mount.source == "lxcfs")
            #expect(mount.propagation.contains { $0.hasPrefix("shared:") })
            #expect(mount.superOptions.contains("allow_other"))
            #expect(mount.device == toy.connection.mount?.device)
            #expect(toy.connection.detachedMounts == 0)
        }

        @Test func takesTheOptionsOfMount() throws {
            let toy = try MountedToy(options: MountOptions(["ro,noexec,fsname=other", "max_read=8192,nonempty"]))
            let mount = try #require(try MountTable.current().mounts(at: toy.directory.path).last)
            #expect(mount.source == "other")
            #expect(mount.superOptions.contains("max_read=8192"))
            #expect(mount.superOptions.contains("ro"))
            #expect(try readAll(toy.open(.large), step: 100_000) == ToyFileSystem.large)
        }

        @Test func anotherOneIsNotMountedOverOneThatLives() throws {
            let toy = try MountedToy()
            let path = toy.directory.path
            #expect(throws: MountError.alreadyMounted(mountPoint: path)) { _ = try Connection(mountingAt: path) }
            #expect(try read(toy.open(.text), 4) == Array("line".utf8))
        }

        /// Mounts with nobody behind it once the descriptor is closed.
        private func deadMount(at path: String) throws {
            let device = try OwnedFileDescriptor.open("/dev/fuse", O_RDWR)
            let options = "fd=\(device.rawValue),rootmode=40555,user_id=0,group_id=0"
            guard mount("lxcfs", path, "fuse.lxcfs", 0, options) == 0 else { throw Errno(rawValue: errno) }
        }

        @Test func deadPredecessorsAreDetached() throws {
            let directory = try TemporaryDirectory()
            do {
                let predecessor = try Connection(mountingAt: directory.path)
                #expect(predecessor.detachedMounts == 0)
            }
            var status = stat()
            #expect(failure { stat(directory.path, &status) } == .socketNotConnected)
            try deadMount(at: directory.path)
            #expect(try MountTable.current().mounts(at: directory.path).count == 2)
            let connection = try Connection(mountingAt: directory.path)
            #expect(connection.detachedMounts == 2)
            #expect(try MountTable.current().mounts(at: directory.path).count == 1)
            #expect(try connection.unmount())
            #expect(try MountTable.current().mounts(at: directory.path).isEmpty)
        }

        @Test func whatIsNotOursIsNotUnmounted() throws {
            let directory = try TemporaryDirectory()
            let connection = try Connection(mountingAt: directory.path)
            try deadMount(at: directory.path)
            #expect(try connection.unmount() == false)
            #expect(try MountTable.current().mounts(at: directory.path).count == 2)
            #expect(umount2(directory.path, CInt(MNT_DETACH)) == 0)
            #expect(try connection.unmount())
        }

        @Test func saysWhatIsWrongWithTheMountPoint() throws {
            let directory = try TemporaryDirectory()
            let absent = directory.path + "/absent"
            #expect(throws: MountError.missing(mountPoint: absent)) { _ = try Connection(mountingAt: absent) }
            #expect(throws: MountError.notADirectory(mountPoint: "/proc/meminfo")) { _ = try Connection(mountingAt: "/proc/meminfo") }
            #expect(MountError.missing(mountPoint: "/a").description == "The mount point /a does not exist: create it with `mkdir -p /a`.")
        }

        @Test func whatTheKernelRefusesIsUnmountedAgain() throws {
            let directory = try TemporaryDirectory()
            #expect(throws: MountError.failed(mountPoint: directory.path, .invalidArgument)) {
                _ = try Connection(mountingAt: directory.path, options: MountOptions(["max_read=many"]))
            }
            #expect(try MountTable.current().mounts(at: directory.path).isEmpty)
        }
    }
}

@Suite("Mount options")
struct MountOptionsTests {
    @Test(arguments: ["frobnicate", "suid", "fd=3", "rootmode=40777", "user_id=1000", "allow_root", "subtype=x", "max_read=", "fsname="])
    func unknownOnesAreNamed(option: String) {
        #expect(throws: MountError.unknownOption(option)) { _ = try MountOptions(["ro," + option]) }
    }

    @Test func commasBetweenQuotesDoNotSeparate() throws {
        #expect(try MountOptions([#"context="a:b:c0,c1",max_read=1"#]) != MountOptions(["max_read=1"]))
    }

    @Test(arguments: ["defaults", "allow_other", "nonempty", "direct_io", "entry_timeout=0.5", "attr_timeout=1", "rw", "nosuid", ""])
    func whatIsAlwaysSoChangesNothing(option: String) throws {
        #expect(try MountOptions([option]) == MountOptions())
    }

    @Test func theLastOfTwoOppositesCounts() throws {
        #expect(try MountOptions(["ro,rw"]) == MountOptions())
        #expect(try MountOptions(["rw,ro"]) == MountOptions(["ro"]))
    }
}
