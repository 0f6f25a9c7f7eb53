import TestContainers
import Testing

extension EndToEnd {
    /// The ways to read a file, by system calls made one by one from Python.
    @Suite("Ways of reading", .enabled(if: Machine.program("python3") != nil, "not installed: apt-get install python3"))
    struct Reading {
        /// Functions that the programs below share; `check` names what went wrong and goes on.
        static let prelude = """
            import os, sys, mmap, errno, re, time
            def same(a, b): return re.sub(rb'[0-9.]+|  *', b'#', a) == re.sub(rb'[0-9.]+|  *', b'#', b)
            def whole(path):
                fd = os.open(path, os.O_RDONLY); out = b''
                while True:
                    part = os.read(fd, 1 << 20)
                    if not part: break
                    out += part
                os.close(fd); return out
            def check(what, good):
                if not good: print(what)
            files = sys.argv[1:]

            """

        private func run(_ program: String, _ files: [String]? = nil) throws -> String {
            try Bench.small().python(Reading.prelude + program, files ?? Files.served())
        }

        @Test func byByteGivesTheSnapshotOfTheFirstByte() throws {
            let program = """
                for path in files:
                    fd = os.open(path, os.O_RDONLY); whole_now = os.pread(fd, 1 << 20, 0); os.lseek(fd, 0, 0)
                    first = os.read(fd, 1); text = first
                    while True:
                        byte = os.read(fd, 1)
                        if not byte: break
                        text += byte
                    check(path, same(text, whole_now) and text.count(b'\\n') == whole_now.count(b'\\n'))
                    rest = b''
                    at = 1
                    while True:
                        byte = os.pread(fd, 7, at)
                        if not byte: break
                        rest += byte; at += len(byte)
                    check(path + ' pread', first + rest == text)
                    os.close(fd)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func twoReadersInTurnDoNotDisturbEachOther() throws {
            let program = """
                for path in files:
                    a = os.open(path, os.O_RDONLY); b = os.open(path, os.O_RDONLY); texts = [b'', b'']
                    more = True
                    while more:
                        more = False
                        for i, (fd, step) in enumerate(((a, 13), (b, 29))):
                            part = os.read(fd, step); texts[i] += part; more = more or bool(part)
                    check(path, same(texts[0], whole(path)) and same(texts[1], whole(path)))
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func readingAgainFromTheStartShowsWhatIsNow() throws {
            let program = """
                for path in ['/proc/uptime']:
                    fd = os.open(path, os.O_RDONLY)
                    a = float(os.read(fd, 100).split()[0]); time.sleep(0.3); os.lseek(fd, 0, 0)
                    b = float(os.read(fd, 100).split()[0]); time.sleep(0.3)
                    c = float(os.pread(fd, 100, 0).split()[0])
                    check((a, b, c), a + 0.25 <= b and b + 0.25 <= c)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func behindTheEndThereIsNothing() throws {
            let program = """
                for path in files:
                    fd = os.open(path, os.O_RDONLY); length = len(os.pread(fd, 1 << 20, 0))
                    check(path, os.pread(fd, 100, length + 1) == b'' and os.pread(fd, 100, 1 << 40) == b'')
                    check(path + ' last', len(os.pread(fd, 100, length - 1)) == 1)
                    os.close(fd)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func statTellsASizeThatHoldsTheText() throws {
            let program = """
                for path in files:
                    size = os.stat(path).st_size; length = len(whole(path))
                    check((path, size, length), size > 0 and abs(size - length) <= 16)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func sendfileAndMmapNeverGiveAWrongText() throws {
            // Either refuses, so that the program falls back to read(2), or gives the right bytes.
            let program = """
                for path in files:
                    fd = os.open(path, os.O_RDONLY); out = os.open('/tmp', os.O_TMPFILE | os.O_RDWR)
                    try:
                        while os.sendfile(out, fd, None, 1 << 16): pass
                        check(path + ' sendfile', same(os.pread(out, 1 << 20, 0), whole(path)))
                    except OSError as e: check((path, 'sendfile', e.errno), e.errno in (errno.EINVAL, errno.ENOSYS))
                    try:
                        m = mmap.mmap(fd, 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
                        pid = os.fork()
                        if pid == 0:
                            text = bytes(m[:]); os._exit(0 if same(text.rstrip(b'\\0'), whole(path)) else 1)
                        status = os.waitpid(pid, 0)[1]
                        check((path, 'mmap', status), status == 0 or os.WIFSIGNALED(status) and os.WTERMSIG(status) == 7)
                    except OSError as e: check((path, 'mmap', e.errno), e.errno in (errno.ENODEV, errno.EINVAL))
                    os.close(fd); os.close(out)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func writingIsRefused() throws {
            let program = """
                for path in files:
                    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_RDWR | os.O_TRUNC, os.O_WRONLY | os.O_APPEND):
                        try:
                            fd = os.open(path, flags)
                            try:
                                os.write(fd, b'x'); check((path, flags, 'written'), False)
                            except OSError as e: check((path, flags, 'write', e.errno), False)
                            os.close(fd)
                        except OSError as e: check((path, flags, e.errno), e.errno in (errno.EROFS, errno.EACCES))
                    for name, call in (('chmod', lambda: os.chmod(path, 0o666)), ('truncate', lambda: os.truncate(path, 0)),
                                       ('chown', lambda: os.chown(path, 1, 1)), ('utime', lambda: os.utime(path, (0, 0)))):
                        try: call(); check((path, name), False)
                        except OSError as e: check((path, name, e.errno), e.errno in (errno.EROFS, errno.EACCES, errno.EPERM))
                    check(path + ' after', len(whole(path)) > 0)
                """
            let complaints = try run(program)
            #expect(complaints == "")
        }

        @Test func anUnprivilegedUserReadsAllButSlabinfo() throws {
            let container = try Bench.small()
            for file in try Files.served() {
                let result = try container.run(["cat", file], uid: 1000)
                if file == "/proc/slabinfo" {
                    #expect(!result.succeeded && result.errors.contains("Permission denied"), "\(result)")
                } else {
                    #expect(result.succeeded && !result.output.isEmpty, "\(file): \(result)")
                }
            }
            let memory = try container.run(["cat", "/proc/meminfo"], uid: 1000).output
            #expect(Machine.field("MemTotal", of: memory) == Bench.memory / 1024)
        }

        @Test func filesAndFoldersHaveTheirModes() throws {
            let text = try Bench.small().shell("stat -c '%a %U %G %n' /proc/meminfo /proc/stat /proc/slabinfo /sys/devices/system/cpu")
            let expected = [
                "444 root root /proc/meminfo", "444 root root /proc/stat", "400 root root /proc/slabinfo",
                "555 root root /sys/devices/system/cpu",
            ]
            #expect(text.split(separator: "\n").map(String.init) == expected)
        }
    }
}
