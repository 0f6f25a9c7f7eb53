import Glibc
import LXCFSControl
import LinuxSystem
import Synchronization
import TestContainers
import TestSupport
import Testing

/// Over a real socket, with a table of toy methods.
@Suite("Control server", .serialized, .timeLimit(.minutes(2)))
struct ControlServerTests {
    private func reply(_ text: String) -> String { #"{"parameters":{"text":"\#(text)"}}"# }

    private func bounds(_ change: (inout ControlServer.Bounds) -> Void) -> ControlServer.Bounds {
        var bounds = ControlServer.Bounds()
        change(&bounds)
        return bounds
    }

    @Test func itSaysWhatItIs() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        client.send("{\"method\":\"org.varlink.service.GetInfo\"}\0")
        #expect(client.receive()?.contains(#""interfaces":["io.lxcfs.Control","org.varlink.service"]"#) == true)
        client.send("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.lxcfs.Control\"}}\0")
        #expect(client.receive()?.contains("method GetStatus()") == true)
    }

    @Test func callsThatComeTogetherAreAnsweredInOrder() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        client.send((0..<200).flatMap { Message.call(Echo.self, Text(text: "\($0)")) })
        for number in 0..<200 { #expect(client.receive() == reply("\(number)")) }
    }

    @Test func aCallMayComeOneByteAtATime() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        for byte in Message.call(Echo.self, Text(text: "slow")) { client.send([byte]) }
        #expect(client.receive() == reply("slow"))
    }

    @Test func aCallThatTakesLongHoldsUpNobodyElse() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let clients = try (0..<8).map { _ in try toy.client() }
        for client in clients { client.send(Message.call(Wait.self, Text(text: "late"))) }
        let other = try toy.client()
        #expect(other.call(Echo.self, Text(text: "soon")) == reply("soon"))
        #expect(clients.allSatisfy { !$0.hasInput })
        toy.gate.signal()
        for client in clients { #expect(client.receive() == reply("late")) }
    }

    @Test func noReplyIsSentWhereNoneIsWanted() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        client.send("{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\"one\"},\"oneway\":true}\0")
        client.send("{\"method\":\"io.lxcfs.Control.Many\",\"parameters\":{\"count\":3,\"bytes\":1},\"oneway\":true,\"more\":true}\0")
        #expect(client.call(Echo.self, Text(text: "two")) == reply("two"))
        #expect(toy.echoed.withLock { $0 } == ["one", "two"])
        #expect(!client.hasInput)
    }

    @Test func whatWasSentBeforeHangingUpIsDone() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        do {
            let client = try toy.client()
            for number in 0..<20 { client.send(Message.call(Echo.self, Text(text: "\(number)"))) }
        }
        let other = try toy.client()
        while toy.echoed.withLock({ $0.count }) < 20, !Task.isCancelled { usleep(1000) }
        #expect(toy.echoed.withLock { $0 } == (0..<20).map { "\($0)" })
        #expect(other.call(Echo.self, Text(text: "x")) == reply("x"))
    }

    // MARK: - Slow clients

    @Test func aCallThatIsNeverCompleteIsRefused() throws {
        let toy = try ToyServer(bounds { $0.transferTimeout = 200_000_000 })
        defer { toy.stop() }
        let slow = try toy.client()
        slow.send("{\"method\":")
        let other = try toy.client()
        #expect(other.call(Echo.self, Text(text: "a")) == reply("a"))
        #expect(slow.receive()?.contains("io.lxcfs.Control.BadMessage") == true)
        #expect(slow.receive() == nil)
        #expect(other.call(Echo.self, Text(text: "b")) == reply("b"))
    }

    /// The socket of such a connection counts as ready for input, and has none: whoever waited for it would never come to rest.
    @Test(arguments: ["", "{\"method\":"])
    func whoSendsOutOfBandIsRefused(before: String) throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        client.send(before)
        guard client.sendOutOfBand() else { return }
        #expect(client.receive()?.contains("io.lxcfs.Control.BadMessage") == true)
        #expect(client.receive() == nil)
        #expect(try toy.client().call(Echo.self, Text(text: "a")) == reply("a"))
    }

    @Test func aConnectionWithoutACallIsClosed() throws {
        let toy = try ToyServer(bounds { $0.idleTimeout = 200_000_000 })
        defer { toy.stop() }
        let idle = try toy.client()
        #expect(idle.call(Echo.self, Text(text: "a")) == reply("a"))
        let subscriber = try toy.client()
        #expect(subscriber.call(Subscribe.self, Nothing(), more: true) != nil)
        #expect(idle.receive() == nil)
        #expect(!subscriber.hasInput)
    }

    @Test func repliesAreMadeWhenThereIsRoomForThem() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let slow = try toy.client()
        slow.send(Message.call(Many.self, Amount(count: 2000, bytes: 4000), more: true))
        #expect(slow.receive()?.contains("0 xxx") == true)
        let other = try toy.client()
        // The kernel's buffers, and the server's.
        for _ in 0..<50 { #expect(other.call(Echo.self, Text(text: "a")) == reply("a")) }
        #expect(toy.made.load(ordering: .relaxed) < 1000)
        for number in 1..<2000 {
            let message = try #require(slow.receive())
            #expect(message.contains(#""text":"\#(number) x"#))
            #expect(message.contains(#""continues":true"#) == (number < 1999))
        }
        #expect(slow.call(Echo.self, Text(text: "b")) == reply("b"))
    }

    @Test func repliesMayComeInThousandsOfParts() throws {
        let toy = try ToyServer(bounds { $0.highWater = 1 })
        defer { toy.stop() }
        let client = try toy.client()
        client.send(Message.call(Many.self, Amount(count: 10_000), more: true))
        for number in 0..<10_000 { #expect(client.receive()?.contains(#""continues":true"#) == (number < 9999)) }
    }

    @Test func whoDoesNotTakeItsReplyIsClosed() throws {
        let toy = try ToyServer(bounds { $0.transferTimeout = 200_000_000 })
        defer { toy.stop() }
        let slow = try toy.client()
        slow.send(Message.call(Many.self, Amount(count: 2000, bytes: 4000), more: true))
        while toy.server.connectionCount == 0, !Task.isCancelled { usleep(1000) }
        while toy.server.connectionCount > 0, !Task.isCancelled { usleep(1000) }
        let messages = slow.receiveAll()
        #expect(messages.count < 2000)
    }

    @Test func aSubscriberThatIsSlowIsToldWhatItMissed() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let slow = try toy.client()
        #expect(slow.call(Subscribe.self, Nothing(), more: true)?.contains("subscribed") == true)
        let total = 3000
        let text = String(repeating: "x", count: 1000)
        for number in 0..<total {
            toy.server.publish(Event(kind: .seen, at: Int64(number), text: text))
            if number % 200 == 0 { usleep(2000) }
        }
        var received = 0
        var lost = 0
        while received + lost < total, let message = slow.receive() {
            if message.contains(#""kind":"lost""#) {
                lost += numbers(in: message.replacing(#/"at":\d+/#, with: ""))
            } else {
                #expect(message.contains(#""kind":"seen""#))
                received += 1
            }
        }
        #expect(lost > 0 && received > 0 && received + lost == total, "\(received) and \(lost)")
        // It goes on.
        toy.server.publish(Event(kind: .gone, at: 0, text: ""))
        #expect(slow.receive()?.contains(#""kind":"gone""#) == true)
    }

    private func numbers(in text: String) -> Int { text.split { !$0.isNumber }.compactMap { Int($0) }.first ?? 0 }

    // MARK: - Too many

    @Test func aThousandConnectionsOfOneUserAreTooMany() throws {
        // Nothing but the end of a pause makes the server accept again: no line for the log falls due meanwhile.
        let toy = try ToyServer(bounds { $0.logInterval = 600_000_000_000 }, isTrusting: false)
        defer { toy.stop() }
        let clients = try (0..<1000).map { _ in try toy.client() }
        let answers = clients.map { $0.call(Echo.self, Text(text: "a")) }
        #expect(answers.count { $0 == reply("a") } == 16)
        #expect(answers.prefix(16).allSatisfy { $0 == reply("a") })
        for answer in answers.dropFirst(16) {
            #expect(answer?.contains("io.lxcfs.Control.TooManyConnections") ?? true)
        }
        #expect(answers.count { $0?.contains(#""limit":16"#) ?? false } > 900)
        // The log is told now and then.
        #expect(toy.log.withLock { $0.count } == 1)
        withExtendedLifetime(clients) {}
    }

    @Test(.enabled(if: getuid() == 0, "needs root")) func rootHasRoomOfItsOwn() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let clients = try (0..<130).map { _ in try toy.client() }
        let answers = clients.map { $0.call(Echo.self, Text(text: "a")) }
        #expect(answers.prefix(128).allSatisfy { $0 == reply("a") })
        #expect(answers.suffix(2).allSatisfy { $0?.contains(#""limit":128"#) ?? true })
        withExtendedLifetime(clients) {}
    }

    @Test func whereThereAreFewDescriptorsThereAreFewConnections() throws {
        var few = ControlServer.Bounds()
        few.leaveRoom(in: 64)
        #expect(few.slots == 12)
        var many = ControlServer.Bounds()
        many.leaveRoom(in: 1024)
        #expect(many.slots == ControlServer.Bounds().slots)
    }

    @Test func ofOneUserFewCallsAreWorkedOnAtOnce() throws {
        let toy = try ToyServer(isTrusting: false)
        defer { toy.stop() }
        let clients = try (0..<8).map { _ in try toy.client() }
        for client in clients { client.send(Message.call(Wait.self, Text(text: "late"))) }
        while toy.server.callCount < 4, !Task.isCancelled { usleep(1000) }
        usleep(50_000)
        #expect(toy.server.callCount == 4)
        toy.gate.signal()
        for client in clients { #expect(client.receive() == reply("late")) }
    }

    @Test func whoIsNotRootOfTheHostMayOnlyAsk() throws {
        let toy = try ToyServer(isTrusting: false)
        defer { toy.stop() }
        let client = try toy.client()
        let answer = client.call(Change.self, Text(text: "a"))
        #expect(answer?.contains("io.lxcfs.Control.NotPermitted") == true && answer?.contains(#""method":"Change""#) == true)
        #expect(toy.echoed.withLock { $0.isEmpty })
        #expect(client.call(Echo.self, Text(text: "a")) == reply("a"))
    }

    // MARK: - Nonsense

    @Test(
        arguments: [
            "", "x", "null", "[]", "{}", "{\"method\":1}",
            "{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\"a\"},\"more\":7}",
            "\u{feff}{}", "{\"method\":\"", "\"", "{\"method\":\"a\"}}", String(repeating: "[", count: 1000),
            "{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\"a\",\"x\":" + String(repeating: "[", count: 20)
                + String(repeating: "]", count: 20) + "}}",
        ])
    func whatIsNoCallIsRefusedAndTheNextIsAnswered(text: String) throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        client.send(text + "\0")
        let answer = client.receive()
        #expect(answer?.contains("io.lxcfs.Control.BadMessage") == true, "\(answer ?? "closed")")
        #expect(client.call(Echo.self, Text(text: "a")) == reply("a"))
    }

    @Test func wrongParametersAreNamedAndUnknownOnesPassedOver() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        for wrong in ["7", "null", "[\"a\"]", "{}"] {
            client.send("{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\(wrong)}}\0")
            #expect(client.receive() == #"{"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"text"}}"#)
        }
        client.send("{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\"a\",\"later\":[{}]},\"upgrade\":false,\"x\":{}}\0")
        #expect(client.receive() == reply("a"))
    }

    @Test func aCallThatIsTooLongEndsTheConnection() throws {
        let toy = try ToyServer()
        defer { toy.stop() }
        let client = try toy.client()
        let head = "{\"method\":\"io.lxcfs.Control.Echo\",\"parameters\":{\"text\":\""
        let longest = head + String(repeating: "x", count: ControlBounds.longestCall - head.utf8.count - 3) + "\"}}"
        #expect(longest.utf8.count == ControlBounds.longestCall)
        client.send(longest + "\0")
        #expect(client.receive()?.hasPrefix(#"{"parameters":{"text":"xxx"#) == true)
        client.send(" " + longest + "\0")
        #expect(client.receive()?.contains("io.lxcfs.Control.BadMessage") == true)
        #expect(client.receive() == nil)
    }

    @Test func randomBytesAreAnsweredOrRefused() throws {
        let toy = try ToyServer(bounds { $0.transferTimeout = 100_000_000 })
        defer { toy.stop() }
        for seed in UInt64(0)..<60 {
            var random = SeededGenerator(seed: seed)
            let client = try toy.client()
            let bytes = (0..<Int.random(in: 1...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            client.send(bytes + [0])
            #expect(client.receive()?.contains("io.lxcfs.Control.BadMessage") == true, "seed \(seed)")
        }
        #expect(try toy.client().call(Echo.self, Text(text: "a")) == reply("a"))
    }
}
