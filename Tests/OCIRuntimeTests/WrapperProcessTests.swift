import Glibc
import JSONText
import LinuxSystem
import OCIRuntime
import TestContainers
import Testing

/// The program itself, with a runtime that only says how it was called.
@Suite("lxcfs-runtime as a process")
struct WrapperProcessTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try write(
            "runtime",
            """
            #!/bin/sh
            printf '%s\\n' "$0"; printf '<%s>\\n' "$@"; exit 42
            """)
        chmod(folder.path + "/runtime", 0o755)
        mkdir(folder.path + "/bundle", 0o755)
    }

    private func write(_ name: String, _ text: String) throws {
        try Machine.write(text, to: folder.path + "/" + name, creating: true)
    }

    private func read(_ name: String) -> String? { Machine.read(folder.path + "/" + name) }

    private func run(_ arguments: [String], runtime: String? = nil) throws -> CommandResult {
        let own = ["--lxcfs-runtime=\(runtime ?? folder.path + "/runtime")", "--lxcfs-socket=\(folder.path)/no.sock"]
        return try Command.run([LXCFSProcess.built("lxcfs-runtime")] + own + arguments)
    }

    private var config: String { #"{"linux":{"namespaces":[{"type":"mount"}]},"mounts":[],"root":{"path":"rootfs"}}"# }

    @Test func everyCallArrivesAsItWasMade() throws {
        let result = try run(["--log", "", "--lxcfs-required", "kill", "--all", "", "a b", "--lxcfs-x", "é\\"])
        #expect(result.end == .exited(42))
        #expect(
            result.output == "\(folder.path)/runtime\n<--log>\n<>\n<kill>\n<--all>\n<>\n<a b>\n<--lxcfs-x>\n<é\\>\n")
        #expect(result.errors == "")
    }

    @Test func withoutLXCFSItStartsAndTheLogSaysWhy() throws {
        try write("bundle/config.json", config)
        for (format, expected) in [
            ("json", #"{"level":"warning","msg":"lxcfs-runtime: this container starts without lxcfs, because no lxcfs is running at "#),
            ("text", "level=warning msg=\"lxcfs-runtime: this"),
        ] {
            let log = "\(folder.path)/log.\(format)"
            let result = try run(["--log", log, "--log-format", format, "create", "--bundle", folder.path + "/bundle", "id"])
            #expect(result.end == .exited(42))
            #expect(result.errors == "")
            #expect(read("log.\(format)")?.contains(expected) == true)
        }
        #expect(read("bundle/config.json") == config)
    }

    @Test func requiredMeansThatItDoesNotStart() throws {
        try write("bundle/config.json", config)
        let result = try run([
            "--lxcfs-required", "--log=\(folder.path)/log", "--log-format=json", "run", "--bundle=\(folder.path)/bundle", "id",
        ])
        #expect(result.end == .exited(1))
        #expect(result.output == "")
        #expect(result.errors == "lxcfs-runtime: lxcfs is required for this container, but no lxcfs is running at \(folder.path)/no.sock\n")
        #expect(read("log")?.hasPrefix(#"{"level":"error","msg":"lxcfs-runtime: lxcfs is required"#) == true)
    }

    @Test(arguments: ["", "{", "[]", #"{"linux":{}}"#, #"{"linux":{},"linux":{}}"#])
    func whatIsNotUnderstoodIsLeftToTheRuntime(_ text: String) throws {
        try write("bundle/config.json", text)
        #expect(try run(["create", "--bundle", folder.path + "/bundle", "id"]).end == .exited(42))
        #expect(read("bundle/config.json") == text)
    }

    /// As for the runtimes, which change to no folder then.
    @Test func anEmptyBundleIsTheWorkingDirectory() throws {
        let log = folder.path + "/log"
        #expect(try run(["--log", log, "create", "--bundle=", "id"]).end == .exited(42))
        #expect(read("log")?.contains("/config.json cannot be read") == true)
    }

    @Test func symbolicLinksAndOtherThingsAreLeftAlone() throws {
        try write("elsewhere.json", config)
        let path = folder.path + "/bundle/config.json"
        symlink("../elsewhere.json", path)
        let arguments = ["--log", folder.path + "/log", "create", "--bundle", folder.path + "/bundle", "id"]
        #expect(try run(arguments).end == .exited(42))
        #expect(read("log")?.contains("is a symbolic link") == true)
        unlink(path)
        mkfifo(path, 0o600)
        #expect(try run(arguments).end == .exited(42))
        unlink(path)
        #expect(try run(arguments).end == .exited(42))
        #expect(try run(["--lxcfs-required"] + arguments).end == .exited(1))
        #expect(read("elsewhere.json") == config)
    }

    @Test func theFileKeepsModeAndOwner() throws {
        try write("bundle/config.json", config)
        let path = folder.path + "/bundle/config.json"
        chmod(path, 0o640)
        if Machine.isRoot { chown(path, 12, 34) }
        var before = stat()
        stat(path, &before)
        var bundle = try Bundle(folder.path + "/bundle/../bundle")
        #expect(bundle.folder.hasSuffix("/bundle"))
        try bundle.configuration.set("1", at: ["new"])
        try bundle.replace()
        var after = stat()
        stat(path, &after)
        #expect([after.st_mode, after.st_uid, after.st_gid] == [before.st_mode, before.st_uid, before.st_gid])
        #expect(after.st_ino != before.st_ino)
        #expect(read("bundle/config.json") == config.dropLast() + #","new":1}"#)
        #expect(Machine.names(in: folder.path + "/bundle") == ["config.json"])
    }

    @Test func aWrongOptionStopsNewContainersOnly() throws {
        try write("bundle/config.json", config)
        let create = try run(["--lxcfs-requird", "create", "--bundle", folder.path + "/bundle", "id"])
        #expect(create.end == .exited(1))
        #expect(create.errors == "lxcfs-runtime: `--lxcfs-requird` is no option of lxcfs-runtime: see `lxcfs-runtime --lxcfs-help`\n")
        #expect(try run(["--lxcfs-requird", "kill", "id"]).end == .exited(42))
    }

    @Test func itNeverCallsItself() throws {
        let itself = LXCFSProcess.built("lxcfs-runtime")
        guard let path = realpath(itself, nil) else { throw BenchError("no \(itself)") }
        defer { free(path) }
        symlink(path, folder.path + "/runc")
        let result = try run(["--version"], runtime: folder.path + "/runc")
        #expect(result.end == .exited(1))
        #expect(result.errors.contains("is lxcfs-runtime itself"))
        #expect(try run(["--version"], runtime: "/no/runc").errors.contains("the runtime /no/runc cannot be used"))
        #expect(try run(["--version"], runtime: "no-such-runtime").errors.contains("is neither in PATH nor in /usr/bin"))
    }

    private func copy(to name: String) throws -> String {
        let path = folder.path + "/" + name
        #expect(try Command.run(["cp", "--reflink=auto", LXCFSProcess.built("lxcfs-runtime"), path]).succeeded)
        return path
    }

    /// Links are recognised by their inode, which copies have each their own of.
    @Test func copiesOfItInPathArePassedOver() throws {
        for name in ["a", "b", "c"] { mkdir(folder.path + "/" + name, 0o755) }
        let first = try copy(to: "a/runc")
        _ = try copy(to: "b/runc")
        link(folder.path + "/runtime", folder.path + "/c/runc")
        let path = ["a", "b", "c"].map { folder.path + "/" + $0 }.joined(separator: ":")
        let result = try Command.run(["env", "PATH=" + path, first, "state", "id"])
        #expect(result.end == .exited(42))
        #expect(result.output == "\(folder.path)/c/runc\n<state>\n<id>\n")
        // To be named is not to be found.
        let named = try Command.run(["env", "PATH=" + path, first, "--lxcfs-runtime=\(folder.path)/b/runc", "state", "id"])
        #expect(named.end == .exited(42))
    }

    @Test func aRuntimeThatCallsItAgainOnAndOnIsStopped() throws {
        let runtime = folder.path + "/again"
        try write(
            "again",
            """
            #!/bin/sh
            exec \(LXCFSProcess.built("lxcfs-runtime")) --lxcfs-runtime=\(runtime) "$@"
            """)
        chmod(runtime, 0o755)
        let result = try run(["--log=\(folder.path)/log", "state", "id"], runtime: runtime)
        #expect(result.end == .exited(1))
        #expect(result.errors.hasPrefix("lxcfs-runtime: the runtime calls lxcfs-runtime again, on and on: name the real runtime"))
        #expect(read("log")?.contains("on and on") == true)
    }

    @Test func whatWasPassedIsHandedOnAsText() throws {
        var passed = PassedWrappers("1:2 nonsense 3 4:5:6 -7:8 :9 18446744073709551615:10")
        #expect(passed.text == "1:2 18446744073709551615:10")
        let (file, other) = (try FileStatus(following: "/proc/self/exe"), try FileStatus(following: "/"))
        #expect(!passed.contains(file))
        passed.append(file)
        #expect(passed.contains(file) && PassedWrappers(passed.text).contains(file) && !passed.contains(other))
        for _ in 3..<PassedWrappers.most { passed.append(file) }
        #expect(!passed.isTooLong)
        passed.append(file)
        #expect(passed.isTooLong)
    }

    @Test func peopleGetAnswers() throws {
        #expect(try run(["--lxcfs-version"]).output.hasPrefix("lxcfs-runtime "))
        #expect(try run(["--lxcfs-help"]).output.hasPrefix("usage: lxcfs-runtime "))
    }
}
