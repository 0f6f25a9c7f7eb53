internal import CLinux
internal import Glibc
internal import JSONText
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// A hook of the stage createContainer (OCI runtime-spec): mounts files that the runtime refuses to.
///
/// It runs in the container's mount namespace, where the container's root is prepared and the host's is still there. It asks nobody, reads no
/// configuration and needs no socket: everything is in its arguments.
package enum ContainerHook {
    private static let word = HookArguments.word
    private static let requiredWord = HookArguments.requiredWord

    /// Whether the hook is one that `arguments` made.
    static func isOurs(_ hook: JSONNode) -> Bool {
        guard let arguments = hook["args"]?.elements, arguments.count > 1 else { return false }
        return arguments[1].stringValue == word || arguments[1].stringValue == requiredWord
    }

    /// Whether the program was called as the hook.
    package static func isCalled(_ arguments: [String]) -> Bool { arguments.first == word || arguments.first == requiredWord }

    /// - Returns: the exit status. Only where the files are required is a failure one: it would keep the container from starting.
    package static func run(_ arguments: [String]) -> Int32 {
        let isRequired = arguments.first == requiredWord
        do throws(WrapperFailure) {
            try mount(arguments.dropFirst())
            return 0
        } catch {
            RuntimeLog.writeToSystemLog(error.sentence, isError: isRequired)
            RuntimeLog.writeToStandardError(error.sentence)
            return isRequired ? 1 : 0
        }
    }

    private static func mount(_ arguments: ArraySlice<String>) throws(WrapperFailure) {
        guard let given = arguments.first, arguments.count % 2 == 1 else {
            throw WrapperFailure("the hook was called with arguments that it does not know")
        }
        let folder = given == HookArguments.rootOfState ? try HookState.root() : given
        let table: MountTable
        let root: OwnedFileDescriptor
        do throws(Errno) {
            table = try MountTable.current()
            root = try .open(folder, pathOnly | O_DIRECTORY)
        } catch {
            throw WrapperFailure("nothing could be mounted below \(folder) by the hook: \(error)")
        }
        let visible = VisibleMounts(table: table)
        let place = RealPath.of(folder) ?? folder
        var failures: [String] = []
        var rest = arguments.dropFirst()
        while let source = rest.popFirst(), let destination = rest.popFirst() {
            guard visible.isLXCFS(source) else {
                failures.append("\(source) is not on a mount of lxcfs")
                continue
            }
            guard !visible.isShared(place + destination, outside: place) else {
                failures.append("\(destination): what is mounted there would show on the host, with which the mount below is shared")
                continue
            }
            do throws(Errno) {
                try mount(source, at: destination, below: root)
            } catch {
                failures.append("\(destination): \(error)")
            }
        }
        if !failures.isEmpty { throw WrapperFailure("not all files could be mounted by the hook: \(failures.joined(separator: "; "))") }
    }

    private static func mount(_ source: String, at destination: String, below root: borrowing OwnedFileDescriptor) throws(Errno) {
        // This kernel may have no such file.
        guard let place = try place(destination, below: root) else { return }
        // Over procfs and sysfs, and nothing else: what else lies there the user has put there.
        guard try checked(clinux_is_of_kernel(place.rawValue)) == 1 else { throw .notSupported }
        _ = try checked(clinux_bind(source, place.rawValue))
    }

    /// Goes to a path folder by folder, through no symbolic link: the root may be an image from anywhere.
    /// - Returns: `nil` where there is nothing.
    private static func place(_ path: String, below root: borrowing OwnedFileDescriptor) throws(Errno) -> OwnedFileDescriptor? {
        var place = try OwnedFileDescriptor(adopting: checked(fcntl(root.rawValue, F_DUPFD_CLOEXEC, 0)))
        for name in path.split(separator: "/") {
            guard name != "..", name != "." else { throw .invalidArgument }
            let next = openat(place.rawValue, String(name), pathOnly | O_NOFOLLOW | O_CLOEXEC)
            if next < 0, errno == ENOENT { return nil }
            place = try OwnedFileDescriptor(adopting: checked(next))
        }
        return place
    }

    private static let pathOnly = CInt(CLINUX_O_PATH)

    private static func checked(_ result: CInt) throws(Errno) -> CInt {
        guard result >= 0 else { throw Errno(rawValue: errno) }
        return result
    }
}
