import Glibc
import TestContainers
import Testing

/// What the tests of the cgroup tree share: Tests/cgroup-tree, the program that asks, and who runs it.
enum CgroupTreeRun {
    /// What is wrong with a machine that has no tree.
    static let none: Comment = "no hierarchy of version 1 here, so no cgroup tree"

    /// Whether there is a tree: where there is a hierarchy of version 1.
    static let isHere = CgroupMounts.all.contains { !$0.isUnified }

    /// Those of the hierarchies that are compared which are here, by a controller of theirs.
    static let controllers = ["memory", "pids", "freezer", "cpuset", "devices"].filter {
        CgroupMounts.hierarchy(of: $0)?.isUnified == false
    }

    /// Each caller with each hierarchy that is compared, with LXCFS_TEST_LONG=1 or several seeds; else some of them, on an emulated machine the
    /// first two.
    static func all(or some: [(CgroupTreeCaller, String)]) -> [(CgroupTreeCaller, String)] {
        if SurvivalRun.isLong || seeds.count > 1 { return CgroupTreeCaller.allCases.flatMap { caller in controllers.map { (caller, $0) } } }
        return Array(some.filter { controllers.contains($0.1) }.prefix(SurvivalRun.isSlow ? 2 : 100))
    }

    /// The seed of random operations; LXCFS_TEST_SEED=N for those of an earlier run.
    static let seed = SurvivalRun.seed

    /// That one, and those behind it: as many as LXCFS_TEST_SEEDS=N says.
    static let seeds = (0..<(Machine.environment("LXCFS_TEST_SEEDS").flatMap { UInt64($0) } ?? 1)).map { seed &+ $0 }

    /// The capabilities that this process has, and so every daemon that it starts: a mask in hexadecimal digits.
    static let permittedCapabilities =
        Machine.words(
            Machine.read("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("CapPrm:") }.map(String.init) ?? ""
        ).last ?? "0"

    /// The program, where every user can reach it.
    static func program() throws(BenchError) -> String {
        if let folder { return folder + "/cgroup-tree" }
        throw BenchError("cannot install \(LXCFSProcess.built("cgroup-tree"))")
    }

    /// A folder that goes with the tests, with the program in it, once more as a set-uid program of root's, and as a set-gid one of group 4711.
    private static let folder: String? = {
        guard let made = try? TemporaryFolder() else { return nil }
        folderOwner.hold(made)
        let script = """
            cp "$1" "$2/cgroup-tree" && cp "$(command -v busybox)" "$2/busybox" && ln -s busybox "$2/sh" || exit 1
            mkdir "$2/set-uid" && cp "$1" "$2/set-uid/cgroup-tree" && chmod 4755 "$2/set-uid/cgroup-tree" || exit 1
            mkdir "$2/set-gid" && cp "$1" "$2/set-gid/cgroup-tree" && chgrp 4711 "$2/set-gid/cgroup-tree" && chmod 2755 "$2/set-gid/cgroup-tree"
            """
        let result = try? Command.run(["sh", "-c", script, "sh", LXCFSProcess.built("cgroup-tree"), made.path])
        return result?.succeeded == true ? made.path : nil
    }()

    /// The folder with this path and what is in it.
    static func installed(_ name: String) throws(BenchError) -> String {
        let program = try program()
        return String(program.dropLast("cgroup-tree".count)) + name
    }

    /// Where a hierarchy is in the daemon's tree.
    static func place(of hierarchy: CgroupMounts.Hierarchy, mountPoint: String) -> String {
        mountPoint + "/cgroup/" + (hierarchy.mountPoint.split(separator: "/").last ?? "")
    }

    /// The hierarchy of version 1 with this controller.
    static func hierarchy(_ controller: String) throws -> CgroupMounts.Hierarchy {
        let found = try #require(CgroupMounts.hierarchy(of: controller))
        try #require(!found.isUnified)
        return found
    }

    /// Gives a cgroup of a hierarchy to a user: its folder and all its files.
    static func delegate(_ folder: String, to user: UInt32) throws {
        try #require(chown(folder, user, user) == 0)
        for name in Machine.names(in: folder) { try #require(chown(folder + "/" + name, user, user) == 0) }
    }

    /// Names, modes, owners, values of limits and members of a cgroup and all below it, but for the one that is left out.
    static func snapshot(_ folder: String, without left: String) -> [String] {
        var lines: [String] = [entry(folder)]
        for name in Machine.names(in: folder) {
            let path = folder + "/" + name
            if path == left { continue }
            if Machine.exists(path + "/cgroup.procs") {
                lines += snapshot(path, without: left)
            } else {
                lines.append(entry(path) + " " + (moves(name) ? "" : Machine.read(path) ?? "-"))
            }
        }
        return lines
    }

    /// The first lines that are not those of cgroupfs, one by one: what comes behind the first may follow from it.
    static func differences(_ lines: [String], from expected: [String]) -> String {
        let count = max(lines.count, expected.count)
        let different = (0..<count).filter { number in
            let both = [lines, expected].map { number < $0.count ? $0[number] : "" }
            return both[0] != both[1]
        }
        return different.prefix(12).map { number in
            let both = [lines, expected].map { number < $0.count ? String($0[number].suffix(300)) : "nothing" }
            return "\(number): \(both[0])\n   expected \(both[1])"
        }.joined(separator: "\n") + (different.isEmpty ? "" : "\n\(different.count) of \(count)")
    }

    private static func entry(_ path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else { return path + ": gone" }
        return "\(path): \(String(status.st_mode, radix: 8)) \(status.st_uid) \(status.st_gid)"
    }

    /// Files whose text is another one at every read.
    private static func moves(_ name: String) -> Bool {
        ["usage", "stat", "failcnt", "peak", "events", "pressure", "slabinfo", "shown", "blkio", "cpu.rt", "pids.current"].contains {
            name.contains($0)
        }
    }
}

/// Holds the folder for as long as the tests run.
private final class FolderOwner: @unchecked Sendable {
    // Set once, by the one initialiser of a static constant.
    private var folder: TemporaryFolder?

    func hold(_ made: TemporaryFolder) {
        folder = made
    }

    func release() {
        folder = nil
    }
}
private let folderOwner: FolderOwner = {
    atexit { folderOwner.release() }
    return FolderOwner()
}()

/// Who asks.
enum CgroupTreeCaller: String, CaseIterable, CustomTestStringConvertible {
    /// Root of a container with pids of its own.
    case root
    /// A user without capabilities in such a container, to whom the container's cgroups were given.
    case owner
    /// Root of a container with a user namespace, to whom they were given. His capabilities count in cgroupfs, as far as they reach, and not in the tree:
    /// where both are compared he has given them up. The permitted ones count where tasks move between cpusets: he has no more of them than the daemon.
    case mappedRoot

    var testDescription: String { rawValue }

    var namespaces: ContainerNamespaces { self == .mappedRoot ? .ownWithMappedUsers : .own }

    /// To whom the cgroups are given, as the host has it.
    var owner: UInt32? {
        switch self {
        case .root: nil
        case .owner: 12345
        case .mappedRoot: ContainerNamespaces.firstUser
        }
    }

    /// Options of the program.
    var options: [String] {
        switch self {
        case .root: []
        // Root's process: pid 1 of the container.
        case .owner: ["--uid", "12345", "--foreign-pid", "1"]
        case .mappedRoot: ["--without-capabilities", CgroupTreeRun.permittedCapabilities]
        }
    }
}

/// A container that looks at a tree: the daemon's, or cgroupfs itself.
final class CgroupTreeContainer {
    let cgroup: TestCgroup
    let container: TestContainer
    /// Its cgroup's folder there.
    let base: String
    /// Where the tree's hierarchy is.
    let root: String
    private let caller: CgroupTreeCaller

    /// - Parameter mountPoint: the daemon's; cgroupfs itself if `nil`.
    init(
        _ caller: CgroupTreeCaller, _ hierarchy: CgroupMounts.Hierarchy, mountPoint: String?, cgroup: TestCgroup? = nil,
        namespaces: ContainerNamespaces? = nil
    ) throws {
        let made = if let cgroup { cgroup } else { try TestCgroup() }
        self.cgroup = made
        self.caller = caller
        root = mountPoint.map { CgroupTreeRun.place(of: hierarchy, mountPoint: $0) } ?? hierarchy.mountPoint
        base = root + "/" + made.path
        if let owner = caller.owner { try CgroupTreeRun.delegate(made.directory(in: hierarchy), to: owner) }
        container = try TestContainer(cgroup: made, mountPoint: nil, namespaces: namespaces ?? caller.namespaces)
    }

    deinit {
        end()
    }

    /// Runs Tests/cgroup-tree as the caller. Its lines.
    func run(_ arguments: [String], options: [String] = [], seconds: Double = 60) throws -> [String] {
        let result = try container.run([CgroupTreeRun.program()] + caller.options + options + arguments, seconds: seconds)
        #expect(result.end == .exited(0) || result.end == .exited(1), "\(arguments.prefix(4)): \(result)")
        return result.output.split(separator: "\n").map(String.init)
    }

    /// What comes of these operations in the container's cgroup.
    func operate(_ operations: [String], options: [String] = []) throws -> [String] {
        try run(["do", base] + operations, options: options)
    }

    func end() {
        cgroup.thaw()
        container.stop()
        cgroup.remove()
    }
}
