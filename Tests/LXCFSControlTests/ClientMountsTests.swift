import LinuxSystem
import SystemPackage
import Testing

@testable import LXCFSControl

@Suite("ControlClient: the files that are wanted", .timeLimit(.minutes(1)))
struct ClientMountsTests {
    private let list = ListMounts.Reply(
        mountPoint: "/no/lxcfs",
        mounts: ["proc/stat", "proc/uptime"].map { file in
            Mount(
                file: file, source: "/no/lxcfs/" + file, destination: "/" + file, type: "bind", options: ["bind"], isFolder: false,
                refusedBy: [])
        })

    /// A daemon whose mount is nowhere to be seen.
    private static let status = GetStatus.Reply(
        health: .healthy, problems: [], version: "1", build: "", program: Program(path: "/lxcfs", onDisk: .same), generation: 1,
        startedAt: 0,
        reload: Reloaded(outcome: .none, count: 0), crashes: 0,
        mount: MountPoint(path: "/no/lxcfs", device: "0:0", isAlive: true, isShared: false), virtualization: true, hierarchies: [],
        cgroupTree: CgroupTreeStatus(state: .absent),
        features: [], reads: 0, errors: 0, fallbacks: 0, replayed: 0, refused: 0, files: [], processes: [], containers: 0, connections: 1)

    private func server() throws -> FakeServer {
        let mounts = Message.reply(list)
        return try FakeServer { connection in
            while let call = connection.call() {
                connection.write(call.contains("ListMounts") ? mounts : Message.reply(ClientMountsTests.status))
            }
        }
    }

    @Test func areAPartOfTheDaemonsList() throws {
        let server = try server()
        let client = ControlClient(socket: server.path)
        defer { client.disconnect() }
        let found = try client.mounts(MountSelection(except: ["uptime"]), isHere: false)
        #expect(found.mountPoint == "/no/lxcfs" && found.mounts == [list.mounts[0]])
    }

    @Test func whatIsWrongIsToldApart() throws {
        #expect(throws: MountsFailure.call(.notRunning)) { try ControlClient(socket: "/tmp/lxcfs-no-such-socket").mounts(MountSelection()) }
        let server = try server()
        let client = ControlClient(socket: server.path)
        defer { client.disconnect() }
        #expect(throws: MountsFailure.selection(.unknownFile("x", known: ["proc/stat", "proc/uptime"]))) {
            try client.mounts(MountSelection(only: ["x"]))
        }
        let reason = "nothing is mounted at /no/lxcfs there"
        #expect(throws: MountsFailure.visibility(.notVisible(source: "/no/lxcfs/proc/stat", reason: reason))) {
            try client.mounts(MountSelection())
        }
    }

    @Test func sentencesNameTheSocket() {
        let errors: [ClientError] = [
            .notRunning, .notPermitted, .timedOut, .closed, .interrupted, .fault(.noKeeper("no keeper")), .system(.fileNameTooLong),
            .system(.tooManyOpenFiles),
        ]
        for error in errors {
            let sentence = error.sentence(socket: "/run/s")
            #expect(sentence.contains("/run/s") && !sentence.hasSuffix("."), "\(sentence)")
        }
    }
}
