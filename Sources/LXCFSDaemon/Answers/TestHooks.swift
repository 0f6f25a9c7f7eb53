#if DEBUG
    internal import ContainerViews
    internal import Glibc
    internal import LinuxSystem
    internal import ProcText
    internal import SystemPackage

    /// What a test can do to a read: debug builds only, and only where LXCFS_TEST_HOOKS names a folder.
    ///
    /// A file `hold` or `crash` there holds the path of a view (`proc/meminfo`), and concerns every READ of it that is about to be rendered.
    enum TestHooks {
        private static let folder: String? = ProcessEnvironment.value(of: "LXCFS_TEST_HOOKS")

        /// While there is a file `hold`: says `held-by-PID`, and waits. While there is a file `crash`: traps.
        static func willRender(_ node: ViewNode) {
            guard let folder, let path = ViewTable.path(of: node) else { return }
            if names(path, in: folder + "/crash") { fatalError("the test asked for a crash on \(path)") }
            guard names(path, in: folder + "/hold") else { return }
            _ = try? FileDescriptor.open(
                folder + "/held-by-\(ProcessIdentity.pid)", .writeOnly, options: [.create], permissions: .ownerReadWrite
            ).close()
            while names(path, in: folder + "/hold") { usleep(2000) }
        }

        private static func names(_ path: String, in file: String) -> Bool {
            var text = InputText(capacity: 256)
            guard (try? OwnedFileDescriptor.open(file, O_RDONLY).readAll(into: &text)) != nil else { return false }
            return text.bytes[text.range].elementsEqual((path + "\n").utf8) || text.bytes[text.range].elementsEqual(path.utf8)
        }
    }
#endif
