import Glibc
import TestContainers

/// lxcfs.service, installed from this repository into a machine that is thrown away afterwards.
enum Service {
    static let unit = "lxcfs.service"
    static let mountPoint = "/var/lib/lxcfs"

    /// Whether systemd is pid 1 here, and nobody minds what is done to the machine.
    static let isUsable = Machine.isVirtual && Machine.read("/proc/1/comm") == "systemd\n"

    /// Puts the programs and the unit where a package would, and shortens the watchdog's time.
    static func install() throws {
        let program = LXCFSProcess.release ?? LXCFSProcess.binary
        for suffix in ["", "ctl"] { try succeed(["install", "-m", "755", program + suffix, "/usr/bin/lxcfs" + suffix]) }
        try succeed(["install", "-D", "-m", "644", "Packaging/systemd/lxcfs.service", "/etc/systemd/system/lxcfs.service"])
        try setDropIn("watchdog", "[Service]\nWatchdogSec=\(watchdogSeconds)\n")
    }

    /// Puts the socket's unit there too.
    static func installSocket() throws {
        try succeed(["install", "-D", "-m", "644", "Packaging/systemd/lxcfs.socket", "/etc/systemd/system/lxcfs.socket"])
        try succeed(["systemctl", "daemon-reload"])
    }

    /// Long enough that a keeper on an emulated processor is not taken for a hung one.
    static let watchdogSeconds = 8

    /// Writes a drop-in, or takes it away, and has systemd read it.
    static func setDropIn(_ name: String, _ text: String?) throws {
        let folder = "/etc/systemd/system/lxcfs.service.d"
        mkdir(folder, 0o755)
        if let text { try Machine.write(text, to: "\(folder)/\(name).conf", creating: true) } else { unlink("\(folder)/\(name).conf") }
        try succeed(["systemctl", "daemon-reload"])
    }

    /// `systemctl VERB lxcfs.service`.
    @discardableResult static func systemctl(_ verb: String, seconds: Double = 60) throws -> CommandResult {
        try Command.run(["systemctl", verb, unit], seconds: seconds)
    }

    /// A property of the unit.
    static func property(_ name: String) -> String {
        let result = try? Command.run(["systemctl", "show", "--value", "--property", name, unit])
        return result?.output.trimmed ?? ""
    }

    static var isActive: Bool { property("ActiveState") == "active" && property("SubState") == "running" }

    /// What `systemctl status` and the journal say, for whoever reads a failure.
    static var story: String {
        let status = (try? Command.run(["systemctl", "status", "--no-pager", "--full", unit]))?.output ?? ""
        let journal = (try? Command.run(["journalctl", "--no-pager", "--output", "short-monotonic", "--lines", "40", "--unit", unit]))?
            .output
        return status + (journal ?? "")
    }

    /// The process that systemd watches.
    static var keeper: pid_t { pid_t(property("MainPID")) ?? 0 }

    /// The keeper's child, 0 where it has none or two.
    static var worker: pid_t {
        let keeper = keeper
        let children = Machine.words(Machine.read("/proc/\(keeper)/task/\(keeper)/children") ?? "").compactMap { pid_t($0) }
        return children.count == 1 ? children[0] : 0
    }

    /// How often systemd has started it by itself.
    static var restarts: Int { Int(property("NRestarts")) ?? -1 }

    private static func succeed(_ arguments: [String]) throws {
        let result = try Command.run(arguments)
        guard result.succeeded else { throw BenchError("\(arguments): \(result)") }
    }
}

/// A program in a container that reads without end, and tells of everything that is not as it should be.
final class EndlessReader {
    private let command: Command

    /// For each round through all files a dot and the longest time that one took, in milliseconds; a line that begins with `!` for what is wrong.
    private static let program = """
        import os, re, select, sys, time
        total, cpus = int(sys.argv[1]), [int(sys.argv[2])]
        def read(fd):
            out = b''
            while True:
                part = os.pread(fd, 700, len(out))
                if not part: return out.decode()
                out += part
        def meminfo(text):
            return int(re.search(r'MemTotal: +(\\d+) kB', text)[1]) == total and text.endswith('kB\\n')
        checks = [
            ('/proc/meminfo', meminfo),
            ('/proc/cpuinfo', lambda t: [int(n) for n in re.findall(r'^processor\\s*: (\\d+)$', t, re.M)] == cpus),
            ('/proc/stat', lambda t: [int(n) for n in re.findall(r'^cpu(\\d+) ', t, re.M)] == cpus and 'softirq' in t),
            ('/sys/devices/system/cpu/online', lambda t: t == '%d\\n' % cpus[0]),
            ('/proc/uptime', lambda t: 0 <= float(t.split()[0]) < 3600 and len(t.split()) == 2),
            ('/proc/loadavg', lambda t: len(t.split()) == 5),
            ('/proc/vmstat', lambda t: t.startswith('nr_free_pages') and t.endswith('\\n')),
        ]
        held = os.open('/proc/meminfo', os.O_RDONLY)
        while not select.select([0], [], [], 0)[0]:
            longest = 0
            for path, good in checks + [('held', meminfo)]:
                begin = time.monotonic()
                try:
                    fd = held if path == 'held' else os.open(path, os.O_RDONLY)
                    try: text = read(fd)
                    finally:
                        if fd != held: os.close(fd)
                    if not good(text): print('!', path, repr(text[:200]), flush=True)
                except OSError as error: print('!', path, error, flush=True)
                longest = max(longest, time.monotonic() - begin)
            print('.', int(longest * 1000), flush=True)
        """

    /// Starts it in a container with one CPU.
    init(in container: TestContainer, memory: UInt64, cpu: Int) throws {
        command = try container.start(["/usr/bin/python3", "-c", EndlessReader.program, "\(memory / 1024)", "\(cpu)"], holdsInput: true)
        guard goesOn() else { throw BenchError("the reader did not start: \(command.errorsSoFar)") }
    }

    /// What was wrong until now.
    var complaints: [Substring] { command.outputSoFar.split(separator: "\n").filter { $0.hasPrefix("!") } + lastWords }

    /// A Python program that dies says so here.
    private var lastWords: [Substring] { command.errorsSoFar.split(separator: "\n") }

    /// The longest pause of each round through all files until now.
    private var pauses: [Int] {
        // The last line may not be whole yet.
        command.outputSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .filter { $0.hasPrefix(".") }.map { Int($0.dropFirst(2)) ?? -1 }
    }

    /// Rounds through all files until now.
    var rounds: Int { pauses.count }

    /// The longest time that a file took in the rounds from number `first` on, in milliseconds.
    func longestPause(from first: Int) -> Int { pauses.dropFirst(first).max() ?? 0 }

    /// Whether it gets through two more rounds: the first may have begun before.
    func goesOn(seconds: Double = 30) -> Bool {
        let before = rounds
        return Machine.wait(seconds) { rounds >= before + 2 || !command.isRunning } && command.isRunning
    }

    /// Ends it. Whether it ended as it should.
    func stop() -> Bool {
        command.send("stop\n")
        return command.wait(seconds: 30) == .exited(0)
    }
}

extension String {
    /// Without the line's end.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
