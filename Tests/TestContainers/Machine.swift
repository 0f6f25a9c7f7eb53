internal import Glibc

/// What the machine that runs the tests can do, asked of the kernel and not of the code under test.
package enum Machine {
    /// Whether tests run in the throw-away machine of Tests/run-in-vm, under emulation perhaps.
    package static let isVirtual = getenv("RUN_IN_VM") != nil

    /// How much longer everything may take here than on real hardware.
    package static let patience: Double = environment("RUN_IN_VM") == "tcg" ? 8 : 1

    /// Whether this process may mount, make cgroups and trace everybody.
    package static let isRoot = geteuid() == 0

    /// Whether FUSE can be used.
    package static let hasFUSE = access("/dev/fuse", R_OK | W_OK) == 0

    /// Online CPUs, ascending.
    package static let cpus = numbers(inList: read("/sys/devices/system/cpu/online") ?? "0")

    /// Bytes of memory, from the host's meminfo.
    package static let memory = (field("MemTotal", of: read("/proc/meminfo") ?? "") ?? 0) * 1024

    /// Bytes of swap now.
    package static var swap: UInt64 { (field("SwapTotal", of: read("/proc/meminfo") ?? "") ?? 0) * 1024 }

    /// The value of a variable of the environment.
    package static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Where the program is in the usual folders, `nil` where it is not installed.
    package static func program(_ name: String) -> String? {
        let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        // The distribution's Python has the distribution's modules; another one may stand before it.
        return (name == "python3" ? ["/usr/bin"] : folders).map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }

    /// The whole text of a file, `nil` where it cannot be read.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes a text to a file in one write(2), as cgroup files want it. Makes the file if `mode` says so.
    package static func write(_ text: String, to path: String, creating: Bool = false) throws(BenchError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | (creating ? O_CREAT | O_TRUNC : 0), 0o644)
        guard descriptor >= 0 else { throw BenchError("cannot open \(path) for writing: \(lastError())") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw BenchError("cannot write \(text) to \(path): \(lastError())")
        }
    }

    /// The names in a folder, sorted; empty where it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The number behind `label:` in a text like /proc/meminfo.
    package static func field(_ label: String, of text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(label + ":") {
            return line.dropFirst(label.count + 1).split(separator: " ").first.flatMap { UInt64($0) }
        }
        return nil
    }

    /// `0-2,5` as numbers.
    package static func numbers(inList text: String) -> [Int] {
        text.split { $0 == "," || $0 == "\n" }.flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    /// The parts between blanks and newlines.
    package static func words(_ text: some StringProtocol) -> [String] {
        text.split { $0 == " " || $0 == "\n" || $0 == "\t" }.map { String($0) }
    }

    /// Whether there is a file or folder.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The inode of what a path leads to, also of a program that was deleted, by /proc/PID/exe.
    package static func inode(_ path: String) -> UInt? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_ino : nil
    }

    /// Sleeps.
    package static func pause(_ seconds: Double) {
        var wanted = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var left = timespec()
        while nanosleep(&wanted, &left) != 0 && errno == EINTR { wanted = left }
    }

    /// Seconds of CLOCK_MONOTONIC.
    package static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Asks every 10 ms until `condition` holds or the time is over (lengthened where the machine is slow). Whether it held.
    package static func wait(_ seconds: Double, until condition: () -> Bool) -> Bool {
        let end = now + seconds * patience
        while !condition() {
            if now > end { return false }
            pause(0.01)
        }
        return true
    }

    static func lastError() -> String { String(cString: strerror(errno)) }
}

/// Why a test could not be set up.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
