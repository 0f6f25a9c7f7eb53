import TestContainers
import Testing

/// What it costs the heap of the daemon to answer open, read, read and close: libfuse takes one piece for each of the four requests, and the text that
/// later reads are answered from is one. Counted in the program that is shipped, by a library that stands in front of the C library's.
@Suite(
    "Allocations of a warm read", .serialized,
    .enabled(if: Machine.isRoot && Machine.hasFUSE, "mounting needs root and /dev/fuse"),
    .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"),
    .enabled(if: !Machine.isVirtual, "the same on every machine, and slow on an emulated one"),
    .enabled(if: LXCFSProcess.release != nil, "no release binary: swift build -c release --static-swift-stdlib"),
    .enabled(if: Counter.isBuilt, "not built: swift build --product allocation-counter"))
struct WholeReadTests {
    private static let reads = 400
    /// What one pass of the load sampler takes in the meantime is not a part of any read.
    private static let samplerPass = 100

    /// Reads a file often by system calls that cause OPEN, READ, READ and RELEASE alone, and prints how many allocations there were.
    private static let program = """
        import os, struct, sys, time
        counts, path, reads = sys.argv[1], sys.argv[2], int(sys.argv[3])
        def read():
            fd = os.open(path, os.O_RDONLY)
            while os.read(fd, 65536): pass
            os.close(fd)
        def count(): return struct.unpack('QQ', open(counts, 'rb').read())[0]
        for _ in range(50): read()
        before, start = count(), time.monotonic()
        for _ in range(reads): read()
        print(count() - before, time.monotonic() - start)
        """

    @Test func areFourOfLibfuseAndOneText() throws {
        let folder = try TemporaryFolder()
        let counts = folder.path + "/counts"
        try Machine.write(String(repeating: "\0", count: 16), to: counts, creating: true)
        let daemon = try LXCFSProcess(
            in: folder, binary: LXCFSProcess.release ?? "", environment: ["LD_PRELOAD=" + Counter.library, "ALLOCATION_COUNTS=" + counts])
        defer { daemon.stop() }
        let group = try TestCgroup(Limits(memory: 256 << 20, cpus: 1))
        let script = TestContainer.joinScript(group) + "\nexec unshare --pid --fork /usr/bin/python3 -c \"$0\" \"$@\""
        for file in ["meminfo", "cpuinfo", "stat", "uptime", "loadavg", "swaps", "vmstat", "slabinfo"] {
            let arguments = [WholeReadTests.program, counts, daemon.mountPoint + "/proc/" + file, "\(WholeReadTests.reads)"]
            let result = try Command.run(["sh", "-c", script] + arguments)
            let words = Machine.words(result.output)
            let count = try #require(words.first.flatMap { Int($0) }, "\(result)")
            let seconds = try #require(words.last.flatMap { Double($0) }, "\(result)")
            let passes = Int(seconds / 5) + 2
            // Less would mean that the counter does not count. The last RELEASE may still be under way.
            #expect(count >= WholeReadTests.reads * 5 - 2, "\(file)")
            #expect(count <= WholeReadTests.reads * 5 + passes * WholeReadTests.samplerPass, "\(file), \(seconds) s")
        }
    }
}

/// The library that counts.
enum Counter {
    static let library = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/.build/debug/liballocation-counter.so"
    static let isBuilt = Machine.exists(library)
}
