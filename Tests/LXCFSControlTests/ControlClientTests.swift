internal import Glibc
import LinuxSystem
import SystemPackage
import Testing

@testable import LXCFSControl

@Suite("ControlClient", .timeLimit(.minutes(1)))
struct ControlClientTests {
    /// What the daemon says to SetVirtualization and GetMetrics.
    private static let wasEnabled = #"{"parameters":{"wasEnabled":true}}"#
    private static let metrics = ##"{"parameters":{"text":"# EOF\n"}}"##
    private static let ever: UInt64 = 60_000_000_000

    @Test func aCallGoesOutAsVarlinkAndItsReplyComesBack() throws {
        let server = try FakeServer { connection in
            let isRight = connection.call() == #"{"method":"io.lxcfs.Control.SetVirtualization","parameters":{"enabled":false}}"#
            connection.reply(isRight ? ControlClientTests.wasEnabled : "{}")
        }
        let reply = try ControlClient(socket: server.path).call(SetVirtualization.self, SetVirtualization.Parameters(enabled: false))
        #expect(reply == SetVirtualization.Reply(wasEnabled: true))
    }

    @Test func oneConnectionServesSeveralCalls() throws {
        let server = try FakeServer { connection in
            while connection.call() != nil { connection.reply(ControlClientTests.metrics) }
        }
        let client = ControlClient(socket: server.path)
        for _ in 0..<3 { #expect(try client.call(GetMetrics.self).text == "# EOF\n") }
        client.disconnect()
        #expect(server.connections == 1)
    }

    @Test func whereNobodyListensNothingIsRunning() throws {
        #expect(throws: ClientError.notRunning) { try ControlClient(socket: "/tmp/lxcfs-no-such-socket").call(GetMetrics.self) }
        #expect(throws: ClientError.notRunning) { try ControlClient(socket: "/etc/passwd/socket").call(GetMetrics.self) }
        // A file that is no socket, or one whose server is dead.
        #expect(throws: ClientError.notRunning) { try ControlClient(socket: "/etc/passwd").call(GetMetrics.self) }
        #expect(throws: ClientError.notRunning) { try ControlClient(socket: "").call(GetMetrics.self) }
    }

    @Test func whatTheKernelRefusesIsToldApart() {
        #expect(ClientError(.permissionDenied) == .notPermitted)
        #expect(ClientError(.tooManyOpenFiles) == .system(.tooManyOpenFiles))
        let long = "/tmp/" + String(repeating: "x", count: ClientSocket.longestPath - 4)
        #expect(throws: ClientError.system(.fileNameTooLong)) { try ControlClient(socket: long).call(GetMetrics.self) }
        #expect(throws: ClientError.notRunning) { try ControlClient(socket: String(long.dropLast())).call(GetMetrics.self) }
    }

    @Test func aServerThatSaysNothingTimesOut() throws {
        let server = try FakeServer { connection in _ = (connection.call(), connection.call()) }
        let client = ControlClient(socket: server.path, timeout: 50_000_000)
        #expect(throws: ClientError.timedOut) { try client.call(GetMetrics.self) }
    }

    @Test func aServerThatTakesNoConnectionTimesOut() throws {
        let server = try FakeServer(backlog: 0, isAccepting: false) { _ in }
        var clients: [ControlClient] = []
        for _ in 0..<3 {
            let client = ControlClient(socket: server.path, timeout: 50_000_000)
            #expect(throws: ClientError.timedOut) { try client.call(GetMetrics.self) }
            clients.append(client)
        }
    }

    @Test func aReplyMayComeByteByByte() throws {
        let server = try FakeServer { connection in
            guard connection.call() != nil else { return }
            for byte in Array(ControlClientTests.metrics.utf8) + [0] { connection.write([byte]) }
        }
        #expect(try ControlClient(socket: server.path).call(GetMetrics.self).text == "# EOF\n")
    }

    @Test func aDaemonThatHangsUpBeforeItAnsweredIsSaidToHave() throws {
        let server = try FakeServer { connection in
            _ = connection.call()
            connection.write(Array(#"{"parameters":{"te"#.utf8))
        }
        #expect(throws: ClientError.closed) { try ControlClient(socket: server.path).call(GetMetrics.self) }
        #expect(server.connections == 1, "a connection that was new is not tried again")
    }

    @Test func aConnectionThatWasClosedWhileIdleIsMadeAnew() throws {
        let server = try FakeServer { connection in
            if connection.call() != nil { connection.reply(ControlClientTests.metrics) }
        }
        let client = ControlClient(socket: server.path)
        for _ in 0..<3 { #expect(try client.call(GetMetrics.self).text == "# EOF\n") }
    }

    @Test(arguments: [false, true])
    func onlyWhatChangesNothingIsSentASecondTime(isChanging: Bool) throws {
        // The first connection dies with the second call in hand, as one does that idles out just then.
        let server = try FakeServer { connection in
            if connection.call() != nil { connection.reply(ControlClientTests.metrics) }
            guard let call = connection.call(), connection.number > 1 else { return }
            connection.reply(call.contains("GetMetrics") ? ControlClientTests.metrics : ControlClientTests.wasEnabled)
        }
        let client = ControlClient(socket: server.path)
        _ = try client.call(GetMetrics.self)
        if isChanging {
            #expect(throws: ClientError.closed) { try client.call(SetVirtualization.self, SetVirtualization.Parameters(enabled: true)) }
            #expect(server.connections == 1)
        } else {
            #expect(try client.call(GetMetrics.self).text == "# EOF\n")
            #expect(server.connections == 2)
        }
    }

    /// The worker ended with the call in hand; once, for a daemon that says so again has more to it.
    @Test(arguments: [1, 2])
    func whatWasInterruptedIsAskedOnceMore(times: Int) throws {
        let server = try FakeServer { connection in
            for _ in 0..<times {
                _ = connection.call()
                connection.reply(#"{"error":"io.lxcfs.Control.Interrupted","parameters":{"reason":"ask again"}}"#)
            }
            if connection.call() != nil { connection.reply(ControlClientTests.metrics) }
        }
        let client = ControlClient(socket: server.path)
        if times == 1 {
            #expect(try client.call(GetMetrics.self).text == "# EOF\n")
        } else {
            #expect(throws: ClientError.fault(.interrupted("ask again"))) { try client.call(GetMetrics.self) }
        }
        client.disconnect()
        #expect(throws: ClientError.fault(.interrupted("ask again"))) {
            try client.call(SetVirtualization.self, SetVirtualization.Parameters(enabled: true))
        }
    }

    @Test func anErrorOfTheDaemonIsAFaultAndTheConnectionGoesOn() throws {
        let server = try FakeServer { connection in
            _ = connection.call()
            connection.reply(#"{"error":"io.lxcfs.Control.ReloadFailed","parameters":{"reason":"it is no program"}}"#)
            _ = connection.call()
            connection.reply(ControlClientTests.metrics)
        }
        let client = ControlClient(socket: server.path)
        #expect(throws: ClientError.fault(.reloadFailed("it is no program"))) { try client.call(Reload.self, Reload.Parameters()) }
        #expect(try client.call(GetMetrics.self).text == "# EOF\n")
        #expect(server.connections == 1)
    }

    @Test func whyItHangsUpAtOnceIsHeard() throws {
        let server = try FakeServer { connection in
            connection.reply(#"{"error":"io.lxcfs.Control.TooManyConnections","parameters":{"limit":2,"reason":"too many"}}"#)
        }
        let client = ControlClient(socket: server.path)
        #expect(throws: ClientError.fault(.tooManyConnections(limit: 2, "too many"))) { try client.call(GetMetrics.self) }
    }

    @Test(arguments: ["nonsense", "{}", #"{"parameters":{"text":7}}"#, "[1,2]", "\u{ff}"])
    func whatIsNotUnderstoodIsAFaultAndEndsTheConnection(text: String) throws {
        let server = try FakeServer { connection in
            if connection.call() != nil { connection.reply(connection.number == 1 ? text : ControlClientTests.metrics) }
        }
        let client = ControlClient(socket: server.path)
        let error = #expect(throws: ClientError.self) { try client.call(GetMetrics.self) }
        guard case .fault(let fault) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(fault.isNamed("BadMessage"))
        #expect(try client.call(GetMetrics.self).text == "# EOF\n")
    }

    @Test func aReplyWithoutAnEndIsGivenUp() throws {
        let server = try FakeServer { connection in
            _ = connection.call()
            let some = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            for _ in 0...16 { connection.write(some) }
            _ = connection.call()
        }
        let error = #expect(throws: ClientError.self) { try ControlClient(socket: server.path).call(GetMetrics.self) }
        guard case .fault(let fault) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(fault.isNamed("BadMessage"))
    }

    @Test func aStreamHandsOverEachReply() throws {
        let server = try FakeServer { connection in
            guard let call = connection.call(), call.contains(#""more":true"#) else { return }
            for _ in 0..<3 { connection.reply(#"{"continues":true,"parameters":{"containers":[]}}"#) }
            connection.reply(#"{"parameters":{"containers":[]}}"#)
            _ = connection.call()
            connection.reply(ControlClientTests.metrics)
        }
        let client = ControlClient(socket: server.path)
        var replies = 0
        try client.stream(ListContainers.self, Nothing()) { _ in
            replies += 1
            return true
        }
        #expect(replies == 4)
        #expect(try client.call(GetMetrics.self).text == "# EOF\n", "the connection is free for the next call")
    }

    @Test func aStreamThatIsNotWantedAnyMoreTakesNoOtherCallsReply() throws {
        let server = try FakeServer { connection in
            guard let call = connection.call() else { return }
            if call.contains("ListContainers") {
                for _ in 0..<2 { connection.reply(#"{"continues":true,"parameters":{"containers":[]}}"#) }
                _ = connection.call()
            } else {
                connection.reply(ControlClientTests.metrics)
            }
        }
        let client = ControlClient(socket: server.path)
        try client.stream(ListContainers.self, Nothing()) { _ in false }
        #expect(try client.call(GetMetrics.self).text == "# EOF\n")
    }

    @Test func inputOnTheOtherDescriptorInterrupts() throws {
        let server = try FakeServer { connection in
            _ = connection.call()
            connection.reply(#"{"continues":true,"parameters":{"event":{"kind":"subscribed","at":1,"text":"now"}}}"#)
            _ = connection.call()
        }
        let (here, there) = try MessageSocket.pair()
        let client = ControlClient(socket: server.path, timeout: ControlClientTests.ever, interruption: there.descriptor)
        #expect(throws: ClientError.interrupted) {
            try client.stream(Subscribe.self, Nothing(), isEndless: true) { _ in here.send([1]) }
        }
    }
}
