import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite("Pid namespaces")
struct PIDNamespaceTests {
    /// The two ways to find the init, the ioctl of Linux 6.12 and the helper process of before, agree.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func bothWaysFindTheInitOfAnotherNamespace() throws {
        var child = pid_t()
        let arguments = ["unshare", "--pid", "--fork", "--kill-child", "sleep", "30"]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        try #require(posix_spawnp(&child, "unshare", nil, nil, &pointers, environ) == 0)
        defer {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        let proc = try Directory(path: "/proc")
        var inner: Int32?
        for _ in 0..<500 where inner == nil {
            usleep(10_000)
            let text = (try? readAll("/proc/\(child)/task/\(child)/children")) ?? ""
            inner = text.split(separator: " ").first.flatMap { Int32($0) }
        }
        let expected = try #require(inner)
        let namespace = try PIDNamespaceDescriptor(ofProcess: expected, proc: proc)
        #expect(try namespace.initProcess() == expected)
        #expect(try namespace.initProcessByCredentials() == expected)
        #expect(namespace.parent()?.inode == (try proc.status("self/ns/pid").inode))
    }

    @Test func ofADeadProcessIsAnError() throws {
        let proc = try Directory(path: "/proc")
        #expect(throws: Errno.self) { try PIDNamespaceDescriptor(ofProcess: Int32.max, proc: proc).initProcess() }
        #expect(throws: Errno.self) { try ProcessDescriptor(pid: Int32.max) }
    }

    private func readAll(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, 256, file) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
