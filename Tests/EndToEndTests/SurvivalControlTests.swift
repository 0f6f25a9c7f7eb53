internal import Glibc
internal import Synchronization
import TestContainers
import Testing

extension EndToEnd.Survival {
    /// Clients of the control socket outlive the worker that serves them.
    @Suite("Control socket")
    struct Control {
        private static let info = "{\"method\":\"org.varlink.service.GetInfo\"}\0"
        private static let reload = "{\"method\":\"io.lxcfs.Control.Reload\"}\0"
        private static let subscribe = "{\"method\":\"io.lxcfs.Control.Subscribe\",\"more\":true}\0"

        /// Clients that call all the time until they are told to end, on one connection each, or on a new one for each call.
        private final class Callers: Sendable {
            private struct Outcome {
                var answers: [String: Int] = [:]
                var isOver = false
                var running = 0
            }
            private let outcome = Mutex(Outcome())

            init(_ path: String, keeping: Int, connecting: Int) {
                outcome.withLock { $0.running = keeping + connecting }
                for number in 0..<(keeping + connecting) {
                    // Detached: they end before the object goes, see `finish`.
                    var thread = pthread_t()
                    let body = Unmanaged.passRetained(Body { [self] in call(path, keeps: number < keeping) })
                    _ = pthread_create(
                        &thread, nil,
                        { argument in
                            if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                            return nil
                        }, body.toOpaque())
                    pthread_detach(thread)
                }
            }

            private final class Body: Sendable {
                let run: @Sendable () -> Void

                init(_ run: @escaping @Sendable () -> Void) {
                    self.run = run
                }
            }

            private func call(_ path: String, keeps: Bool) {
                var client: RawClient?
                while !outcome.withLock({ $0.isOver }) {
                    var answer = "refused"
                    if client == nil || !keeps { client = try? RawClient(path) }
                    if let client {
                        client.send(info)
                        let text = client.receive()
                        answer =
                            text.map { $0.contains("lxcfs") ? $0.contains("Interrupted") ? "interrupted" : "answered" : $0 } ?? "closed"
                    }
                    if answer == "refused" || answer == "closed" { client = nil }
                    outcome.withLock { $0.answers[answer, default: 0] += 1 }
                }
                outcome.withLock { $0.running -= 1 }
            }

            /// How many calls were answered how.
            func finish() -> [String: Int] {
                outcome.withLock { $0.isOver = true }
                _ = Machine.wait(30) { self.outcome.withLock { $0.running == 0 } }
                return outcome.withLock { $0.answers }
            }
        }

        private func kinds(_ client: RawClient, until last: String) -> [String] {
            var kinds: [String] = []
            while let message = client.receive() {
                kinds.append(String(message.split(separator: "\"kind\":\"").last?.prefix { $0 != "\"" } ?? ""))
                if kinds.last == last { break }
            }
            return kinds
        }

        @Test func everyCallIsAnsweredOrSaidToBeInterrupted() throws {
            let daemon = try SurvivalRun.daemon()
            let sockets = daemon.keeperSockets
            let idle = try RawClient(daemon.controlSocket)
            #expect(idle.send(Self.info) && idle.receive() != nil)
            let subscriber = try RawClient(daemon.controlSocket)
            #expect(subscriber.send(Self.subscribe) && subscriber.receive()?.contains("subscribed") == true)
            let half = try RawClient(daemon.controlSocket)
            half.send("{\"method\":")
            #expect(Machine.wait(10) { daemon.keeperSockets >= sockets + 3 }, "the keeper has duplicates of all three")
            let callers = Callers(daemon.controlSocket, keeping: 3, connecting: 1)
            let count = SurvivalRun.count(10, long: 100)
            for _ in 0..<count {
                let old = try #require(daemon.waitUntilSettled(), "\(daemon.command.errorsSoFar)")
                kill(old, SIGKILL)
                _ = try #require(daemon.waitForWorker(otherThan: old))
            }
            _ = daemon.waitUntilSettled()
            let answers = callers.finish()
            // Whoever was just being given a reply is closed, and whoever had just connected: that is said by the interface file.
            #expect(answers["answered", default: 0] > 100 && answers["refused"] == nil, "\(answers)")
            #expect(Set(answers.keys).isSubset(of: ["answered", "interrupted", "closed"]), "\(answers)")
            #expect(answers["closed", default: 0] <= count, "\(answers)")
            #expect(half.receive()?.contains("io.lxcfs.Control.Interrupted") == true)
            #expect(half.receive() == nil)
            #expect(idle.send(Self.info) && idle.receive()?.contains("interfaces") == true)
            for number in 0..<count { #expect(kinds(subscriber, until: "crashSurvived") == ["crashSurvived"], "\(number)") }
            #expect(daemon.stop() == .exited(0))
            #expect(!Machine.exists(daemon.controlSocket))
        }

        @Test func reloadsLoseNoReplyAndRefuseNoConnection() throws {
            let daemon = try SurvivalRun.daemon()
            let admin = try RawClient(daemon.controlSocket)
            let subscriber = try RawClient(daemon.controlSocket)
            #expect(subscriber.send(Self.subscribe) && subscriber.receive()?.contains("subscribed") == true)
            let callers = Callers(daemon.controlSocket, keeping: 3, connecting: 2)
            let count = SurvivalRun.count(20, long: 200)
            for number in 0..<count {
                #expect(admin.send(Self.reload))
                let answer = admin.receive() ?? "closed"
                #expect(answer.contains("\"generation\":\(number + 2),") && answer.contains("\"newVersion\":\""), "\(answer)")
            }
            let answers = callers.finish()
            #expect(answers.keys.sorted() == ["answered"], "\(answers)")
            #expect(answers["answered", default: 0] > count)
            for number in 0..<count { #expect(kinds(subscriber, until: "reloaded") == ["reloaded"], "\(number)") }
            #expect(daemon.stop() == .exited(0))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func aReloadThatFailsSaysWhy() throws {
            let folder = try TemporaryFolder()
            let program = folder.path + "/program"
            try BadBinary.installGood(LXCFSProcess.binary, at: program)
            let daemon = try LXCFSProcess(in: folder, binary: program)
            try BadBinary.exitsAtOnce.install(at: program, good: LXCFSProcess.binary)
            let client = try RawClient(daemon.controlSocket)
            #expect(client.send(Self.reload))
            #expect(client.receive()?.contains("io.lxcfs.Control.ReloadFailed") == true)
            #expect(client.send(Self.info) && client.receive()?.contains("interfaces") == true)
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func clientsOutliveAKeeperThatBecomesAnotherProgram() throws {
            let folder = try TemporaryFolder()
            let program = folder.path + "/program"
            try BadBinary.installGood(LXCFSProcess.binary, at: program)
            let daemon = try LXCFSProcess(in: folder, binary: program)
            let sockets = daemon.keeperSockets
            let client = try RawClient(daemon.controlSocket)
            let subscriber = try RawClient(daemon.controlSocket)
            #expect(subscriber.send(Self.subscribe) && subscriber.receive()?.contains("subscribed") == true)
            try BadBinary.installGood(LXCFSProcess.binary, at: program)
            #expect(client.send(Self.reload) && client.receive()?.contains("generation") == true)
            #expect(Machine.wait(30) { ProcessTable.link("exe", of: daemon.command.pid) == program }, "\(daemon.command.errorsSoFar)")
            #expect(Machine.wait(10) { daemon.keeperSockets >= sockets + 2 }, "the new keeper has asked for the clients again")
            let old = try #require(daemon.waitUntilSettled())
            kill(old, SIGKILL)
            _ = try #require(daemon.waitForWorker(otherThan: old))
            #expect(client.send(Self.info) && client.receive()?.contains("interfaces") == true)
            #expect(kinds(subscriber, until: "crashSurvived").last == "crashSurvived")
            let new = try RawClient(daemon.controlSocket)
            #expect(new.send(Self.info) && new.receive()?.contains("interfaces") == true)
            #expect(daemon.stop() == .exited(0))
            #expect(!Machine.exists(daemon.controlSocket))
        }

        @Test(.enabled(if: !SurvivalRun.isSlow, SurvivalRun.tooSlow)) func afterTheKeepersDeathTheNextDaemonHasTheSocket() throws {
            let folder = try TemporaryFolder()
            let first = try LXCFSProcess(in: folder)
            let client = try RawClient(first.controlSocket)
            #expect(client.send(Self.info) && client.receive() != nil)
            kill(first.command.pid, SIGKILL)
            #expect(Machine.wait(5) { ProcessTable.state(of: first.command.pid) == "Z" })
            // The worker serves alone.
            #expect(client.send(Self.info) && client.receive()?.contains("interfaces") == true)
            #expect(client.send(Self.reload) && client.receive()?.contains("io.lxcfs.Control.NoKeeper") == true)
            let second = try LXCFSProcess(in: folder)
            #expect(client.receive() == nil)
            #expect(
                Machine.wait(15) {
                    guard let new = try? RawClient(second.controlSocket) else { return false }
                    return new.send(Self.info) && new.receive()?.contains("interfaces") == true
                }, "\(second.command.errorsSoFar)")
            #expect(second.stop() == .exited(0))
            withExtendedLifetime(first) {}
        }
    }
}
