@testable import LXCFSDaemon
import FUSE
import LinuxSystem
import Synchronization
import SystemPackage
import Testing

@Suite("Messages between keeper and worker")
struct MessagesTests {
    private static let reason = "worker 12: exited with status 1"

    @Test(arguments: [
        KeeperMessage.serve(generation: .max), .drain, .reloaded(generation: 7, pauseNanoseconds: 1_500_000), .reloadFailed(reason: reason),
        .ping,
        .quit, .client(slot: 127, nil), .registerAgain, .virtualization(isEnabled: true), .virtualization(isEnabled: false),
    ])
    func theKeepersArriveAsTheyWereSent(message: KeeperMessage) {
        #expect(KeeperMessage(message.bytes) == message)
    }

    @Test(arguments: [
        WorkerMessage.ready, .serving, .drained, .reloadWanted(sender: 4711), .toggleWanted(sender: -1), .unmounted,
        .failed(reason: reason), .alive, .client(slot: 3, nil), .clientGone(slot: 0),
    ])
    func theWorkersArriveAsTheyWereSent(message: WorkerMessage) {
        #expect(WorkerMessage(message.bytes) == message)
    }

    @Test func aClientComesWithItsConnection() throws {
        let (here, there) = try MessageSocket.pair()
        let (client, server) = try UnixSocketConnection.pair()
        #expect(WorkerLink(socket: there).send(.client(slot: 7, nil), with: server.descriptor))
        guard case .message(.client(let slot, let attachment)) = KeeperLink(socket: here).next() else {
            Issue.record("no client arrived")
            return
        }
        #expect(slot == 7)
        guard let descriptor = attachment?.take() else {
            Issue.record("it came without its connection")
            return
        }
        let arrived = UnixSocketConnection(adopting: descriptor)
        #expect(client.send([1, 2, 3]) == .bytes(3))
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(arrived.receive(into: &buffer, count: 8) == .bytes(3))
    }

    @Test func whatAnotherVersionSaysIsPassedOver() throws {
        let (here, there) = try MessageSocket.pair()
        there.send([99] + [UInt8](repeating: 0, count: 40))
        there.send([1])
        there.send(WorkerMessage.drained.bytes)
        guard case .message(.drained) = WorkerLink(socket: here).next() else {
            Issue.record("the one message that is known did not arrive")
            return
        }
    }

    @Test func aTextIsOneLineThatFits() {
        let long = WorkerMessage.failed(reason: String(repeating: "x", count: 10_000))
        #expect(long.bytes.count <= MessageSocket.longest)
        #expect(WorkerMessage(WorkerMessage.failed(reason: "a\nb\u{1b}[31m").bytes) == .failed(reason: "a b [31m"))
    }

    @Test func theEndOfTheOtherSideIsNoticedAfterItsLastMessage() throws {
        let link: WorkerLink
        do {
            let (here, there) = try MessageSocket.pair()
            link = WorkerLink(socket: here)
            if case .nothing = link.next() {} else { Issue.record("there is nothing to receive yet") }
            there.send(WorkerMessage.ready.bytes)
        }
        if case .message(.ready) = link.next() {} else { Issue.record("the last message is lost") }
        if case .closed = link.next() {} else { Issue.record("the end is not noticed") }
    }
}

@Suite("When a worker is started again")
struct RestartPolicyTests {
    @Test func atOnceAtFirst() {
        var policy = RestartPolicy()
        #expect(policy.pause == 0 && policy.usesDisk)
        policy.failed(fromDisk: true)
        #expect(policy.pause == 0)
        #expect(!policy.usesDisk, "the keeper's own image is next")
        policy.failed(fromDisk: false)
        #expect(policy.pause == 0 && policy.usesDisk)
    }

    @Test func thenWithGrowingPausesAndAtLastOnceAMinute() {
        var policy = RestartPolicy()
        var last: UInt64 = 0
        for _ in 1..<RestartPolicy.limit {
            policy.failed(fromDisk: policy.usesDisk)
            #expect(policy.pause >= last && policy.pause <= 5_000_000_000)
            #expect(!policy.isGivingUp)
            last = policy.pause
        }
        #expect(last > 0)
        policy.failed(fromDisk: true)
        #expect(policy.isGivingUp && policy.pause == 60_000_000_000)
        policy.failed(fromDisk: false)
        #expect(!policy.isGivingUp && policy.pause == 60_000_000_000, "it is said once")
    }

    @Test func whoeverIsKilledFromOutsideIsForgottenWhenTheNextOneServes() {
        var policy = RestartPolicy()
        for _ in 0..<6 { policy.killed() }
        #expect(policy.pause == 0 && policy.usesDisk)
        for _ in 0..<24 { policy.killed() }
        #expect(policy.pause > 0 && policy.usesDisk, "whatever kills them, it is no use to be quick")
        policy.served()
        #expect(policy == RestartPolicy())
        policy.failed(fromDisk: true)
        policy.served()
        #expect(policy.failures == 1, "a program that serves and then crashes has failed")
    }

    @Test func goodServiceIsAFreshStart() {
        var policy = RestartPolicy()
        for _ in 0..<40 { policy.failed(fromDisk: true) }
        policy.reset()
        #expect(policy == RestartPolicy())
    }
}

@Suite("A signal that reaches keeper and worker")
struct SignalEchoTests {
    private func event(_ sender: Int32, own: Bool, signal: Int32 = 10) -> SignalEcho.Event {
        .init(signal: signal, sender: sender, isOwn: own)
    }

    /// Whether the event counts, `isNew`, is as expected.
    private func check(
        _ expected: Bool, _ echo: inout SignalEcho, _ event: SignalEcho.Event, at now: UInt64, _ comment: Comment? = nil
    ) {
        let isNew = echo.isNew(event, now: now)
        #expect(isNew == expected, comment)
    }

    @Test(arguments: [true, false])
    func isOneInEitherOrder(keeperFirst: Bool) {
        var echo = SignalEcho()
        check(true, &echo, event(100, own: keeperFirst), at: 0)
        check(false, &echo, event(100, own: !keeperFirst), at: 1000)
        check(true, &echo, event(100, own: keeperFirst), at: 2000, "the next is a new one")
    }

    @Test func twoOfTheSameKindAreTwo() {
        var echo = SignalEcho()
        check(true, &echo, event(100, own: true), at: 0)
        check(true, &echo, event(100, own: true), at: 1000)
    }

    @Test func othersAndLaterOnesAreNew() {
        var echo = SignalEcho()
        check(true, &echo, event(100, own: true), at: 0)
        check(true, &echo, event(101, own: false), at: 1, "another sender")
        check(true, &echo, event(101, own: true, signal: 12), at: 2, "another signal")
        check(true, &echo, event(101, own: false, signal: 12), at: 2 + SignalEcho.window, "a second later")
    }
}

@Suite("Asking for a reload")
struct KeeperLinkTests {
    /// A keeper that answers the first reload that is wanted.
    private func ask(_ answer: KeeperMessage?, timeout: UInt64) throws -> Result<ReloadReport, ReloadError> {
        let (here, there) = try MessageSocket.pair()
        let keeper = WorkerLink(socket: there)
        let link = KeeperLink(socket: here)
        let outcome = Mutex<Result<ReloadReport, ReloadError>?>(nil)
        let asking = try JoinableThread(name: "asks", stackSize: 512 << 10) {
            let result = Result { () throws(ReloadError) in try link.reload(timeout: timeout) }
            outcome.withLock { $0 = result }
        }
        while true {
            if case .message(.reloadWanted(0)) = keeper.next() { break }
        }
        if let answer {
            keeper.send(answer)
            while true {
                guard case .message(let message) = link.next() else { continue }
                switch message {
                case .reloaded(let generation, let pause):
                    link.finish(.success(ReloadReport(generation: generation, pauseNanoseconds: pause)))
                case .reloadFailed(let reason): link.finish(.failure(.failed(reason: reason)))
                default: Issue.record("unexpected \(message)")
                }
                break
            }
        }
        asking.join()
        return try #require(outcome.withLock { $0 })
    }

    @Test func whoAsksWhileOthersWaitGetsWhatTheyGet() throws {
        let (here, there) = try MessageSocket.pair()
        let keeper = WorkerLink(socket: there)
        let link = KeeperLink(socket: here)
        let outcomes = Mutex<[ReloadReport?]>([])
        let asking = try (0..<4).map { _ in
            try JoinableThread(name: "asks", stackSize: 512 << 10) {
                let report = try? link.reload(timeout: 10_000_000_000)
                outcomes.withLock { $0.append(report) }
            }
        }
        while link.waitingForReload < 4 { Clock.sleep(until: Clock.monotonic + 1_000_000) }
        var wishes = 0
        while case .message(.reloadWanted) = keeper.next() { wishes += 1 }
        #expect(wishes == 1)
        link.finish(.success(ReloadReport(generation: 9, pauseNanoseconds: 1)))
        asking.forEach { $0.join() }
        #expect(outcomes.withLock { $0 } == [ReloadReport?](repeating: ReloadReport(generation: 9, pauseNanoseconds: 1), count: 4))
    }

    @Test func saysTheNewGenerationAndThePause() throws {
        let result = try ask(.reloaded(generation: 5, pauseNanoseconds: 1234), timeout: 10_000_000_000)
        #expect(try result.get() == ReloadReport(generation: 5, pauseNanoseconds: 1234))
    }

    @Test func saysWhyItFailed() throws {
        let result = try ask(.reloadFailed(reason: "not executable"), timeout: 10_000_000_000)
        #expect(throws: ReloadError.failed(reason: "not executable")) { try result.get() }
    }

    @Test func doesNotWaitForEver() throws {
        let result = try ask(nil, timeout: 20_000_000)
        #expect(throws: ReloadError.timedOut) { try result.get() }
    }

    @Test func saysThatTheKeeperIsGone() throws {
        let link = KeeperLink(socket: try MessageSocket.pair().here)
        #expect(throws: ReloadError.noKeeper) { try link.reload(timeout: 10_000_000_000) }
    }
}

@Suite("What the keeper leaves to the program that it becomes")
struct KeeperLegacyTests {
    @Test func arrivesAsItWasLeft() {
        let legacy = KeeperUpgrade.Legacy(connection: 3, state: 4, pidFile: 5, link: 9, workerPID: 4711, isFromDisk: true)
        #expect(KeeperUpgrade.Legacy(legacy.text) == legacy)
    }

    @Test(arguments: ["", "check", "1,2,3,4,5,6", "3,4,5,6", "3,4,5,6,7,x", "3,4,5,6,99999999999,1"])
    func whatIsNoLegacyIsNone(text: String) {
        #expect(KeeperUpgrade.Legacy(text) == nil)
    }
}
