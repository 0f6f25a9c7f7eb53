import Glibc
import TestContainers
import Testing

/// The unit file, as systemd's own checker reads it.
@Suite("The unit file", .enabled(if: Machine.program("systemd-analyze") != nil, "not installed: apt-get install systemd"))
struct UnitFileTests {
    /// Where the file is; the tests run in the folder of the package.
    private static let path = "Packaging/systemd/lxcfs.service"

    /// What systemd-analyze(1) says of the unit after changes: of a copy, whose programs and documentation are there.
    private func verify(_ change: (String) -> String = { $0 }) throws -> CommandResult {
        let folder = try TemporaryFolder()
        let text = try #require(Machine.read(UnitFileTests.path))
        let program = folder.path + "/lxcfs"
        try Machine.write("#!/bin/sh\n", to: program, creating: true)
        chmod(program, 0o755)
        try Machine.write(change(text).replacing("/usr/bin/lxcfs", with: program), to: folder.path + "/lxcfs.service", creating: true)
        return try Command.run(["systemd-analyze", "verify", "--man=no", folder.path + "/lxcfs.service"])
    }

    @Test func hasNothingThatSystemdDoesNotKnow() throws {
        let result = try verify()
        #expect(result.succeeded, "\(result)")
        #expect(!result.errors.contains("lxcfs.service"), "\(result)")
    }

    @Test(arguments: [false, true])
    func theDropInForPouchHasNothingThatSystemdDoesNotKnow(isDamaged: Bool) throws {
        let folder = try TemporaryFolder()
        for name in ["lxcfs", "lxcfsctl", "pouch.home"] {
            try Machine.write("#!/bin/sh\n", to: "\(folder.path)/\(name)", creating: true)
            chmod("\(folder.path)/\(name)", 0o755)
        }
        mkdir(folder.path + "/lxcfs.service.d", 0o755)
        for (source, copy) in [(UnitFileTests.path, "lxcfs.service"), ("Integrations/pouch/pouch.conf", "lxcfs.service.d/pouch.conf")] {
            var text = try #require(Machine.read(source)).replacing("/usr/bin/lxcfs", with: folder.path + "/lxcfs")
            text = text.replacing("/usr/share/lxcfs/", with: folder.path + "/")
            if isDamaged { text = text.replacing("Alias=", with: "Alibi=") }
            try Machine.write(text, to: "\(folder.path)/\(copy)", creating: true)
        }
        let result = try Command.run(["systemd-analyze", "verify", "--man=no", folder.path + "/lxcfs.service"])
        #expect(result.succeeded, "\(result)")
        #expect(result.errors.contains("pouch.conf") == isDamaged, "\(result)")
    }

    @Test func theCheckerSeesAWrongWord() throws {
        let result = try verify { $0.replacing("OOMPolicy=continue", with: "OOMPolicy=cheer") }
        #expect(result.errors.contains("lxcfs.service"), "\(result)")
    }

    @Test func nothingInItMakesAMountNamespace() throws {
        // systemd.exec(5): each of these gives the service a mount tree of its own.
        let text = try #require(Machine.read(UnitFileTests.path))
        let settings = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        for name in [
            "Private", "ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectKernel", "ProtectControlGroups",
            "ReadOnlyPaths",
            "ReadWritePaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem",
            "RootDirectory", "RootImage", "MountFlags", "DynamicUser", "StateDirectory", "LogNamespace",
        ] {
            #expect(!settings.contains { $0.hasPrefix(name) }, "\(name)")
        }
    }

    @Test func nothingInItTakesAwayWhatTheCgroupTreeNeeds() throws {
        // A thread has the capabilities of its caller only as far as the service has them; RestrictSUIDSGID= takes openat2(2) away.
        let text = try #require(Machine.read(UnitFileTests.path))
        let settings = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        for name in ["CapabilityBoundingSet", "ProtectClock", "RestrictSUIDSGID", "SecureBits", "User", "RestrictFileSystems"] {
            #expect(!settings.contains { $0.hasPrefix(name + "=") }, "\(name)")
        }
    }

    /// pouchd, and a pod with a limit of memory: where the tree would do harm, it is left out.
    @Test(arguments: ["Integrations/pouch/pouch.conf", "Integrations/kubernetes/lxcfs-daemonset.yaml"])
    func noCgroupTreeWhereItWouldDoHarm(path: String) throws {
        let text = try #require(Machine.read(path))
        #expect(text.split(separator: "\n").contains { !$0.contains("#") && $0.contains("--disable-cgroup") })
    }

    @Test(arguments: [("SystemCallFilter", "open_by_handle_at"), ("RestrictNamespaces", "mnt"), ("RestrictNamespaces", "pid")])
    func whatItNeedsIsLeftToIt(setting: String, value: String) throws {
        let text = try #require(Machine.read(UnitFileTests.path))
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(setting + "=") })
        #expect(line.dropFirst(setting.count + 1).split(separator: " ").contains { $0 == value }, "\(line)")
    }
}
