import TestContainers
import Testing

extension EndToEnd {
    /// The page cache of an inode is shared by all containers: nothing may ever be served from it to another one.
    @Suite("Two containers at once", .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"))
    struct PageCache {
        @Test func neverSeeEachOthersText() throws {
            let limits = [Bench.memory, Bench.memory * 2]
            let program = """
                import os, sys, mmap
                mine = sys.argv[1].encode(); path = '/proc/meminfo'
                def total(text): return text.split(b'\\n')[0].split()[1]
                for turn in range(int(sys.argv[2])):
                    fd = os.open(path, os.O_RDONLY); out = os.open('/tmp', os.O_TMPFILE | os.O_RDWR)
                    try:
                        os.sendfile(out, fd, 0, 65536)
                        if total(os.pread(out, 65536, 0)) != mine: print('sendfile', total(os.pread(out, 65536, 0)))
                    except OSError: pass
                    try:
                        m = mmap.mmap(fd, 0, mmap.MAP_SHARED if turn % 3 else mmap.MAP_PRIVATE, mmap.PROT_READ)
                        pid = os.fork()
                        if pid == 0: os._exit(0 if total(m[:100]) == mine else 1)
                        status = os.waitpid(pid, 0)[1]
                        if status == 256: print('mmap of another container')
                    except OSError: pass
                    if total(os.read(fd, 65536)) != mine: print('read', turn)
                    os.close(fd); os.close(out)
                """
            let containers = try limits.map { try Bench.container(Limits(memory: $0)) }
            let turns = Machine.isVirtual ? "30" : "300"
            let readers = try zip(containers, limits).map { container, limit in
                try container.start(["/usr/bin/python3", "-c", program, "\(limit / 1024)", turns])
            }
            for reader in readers {
                #expect(reader.wait(seconds: 60) == .exited(0), "\(reader.errorsSoFar)")
                #expect(reader.outputSoFar == "")
            }
        }

        @Test(arguments: [
            "cat", "busybox cat", "cp /dev/stdin /dev/stdout <",
            "python3 -c 'import shutil,sys; shutil.copyfile(sys.argv[1], \"/dev/stdout\")'",
        ])
        func eachPrintsItsOwnTotal(program: String) throws {
            let small = try Bench.container(Limits(memory: Bench.memory))
            let large = try Bench.container(Limits(memory: Bench.memory * 3))
            for _ in 0..<(Machine.isVirtual ? 2 : 5) {
                #expect(try Machine.field("MemTotal", of: small.shell(program + " /proc/meminfo")) == Bench.memory / 1024)
                #expect(try Machine.field("MemTotal", of: large.shell(program + " /proc/meminfo")) == Bench.memory * 3 / 1024)
            }
        }
    }
}
