import LXCFSControl
import TestSupport
import Testing

/// What comes over the control socket: whoever may open it may send anything.
@Suite("Input from the control socket")
struct ControlInputTests {
    private static let calls: [[UInt8]] = [
        Message.call(GetStatus.self, Nothing()),
        Message.call(ListMounts.self, ListMounts.Parameters(files: ["proc/meminfo", "stat"], pid: 4711)),
        Message.call(Inspect.self, Inspect.Parameters(pid: nil, container: "abc\u{e9}\"\\", files: nil)),
        Message.call(Reload.self, Reload.Parameters(timeoutMilliseconds: 30_000)),
        Message.call(SetVirtualization.self, SetVirtualization.Parameters(enabled: true)),
        Message.call(Subscribe.self, Nothing(), more: true),
        Array(#"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.lxcfs.Control"}}"#.utf8) + [0],
    ]

    @Test func everyCallIsAnsweredWithAMessage() throws {
        let table = ControlFuzz.table
        var answered = 0
        for seed in OutsideInputTests.seeds {
            var random = SeededGenerator(seed: seed)
            let call = Self.calls.randomElement(using: &random) ?? []
            let bytes = random.oneIn(8) ? random.bytes(upTo: 400) : random.damaged(call)
            // In pieces, as they come.
            var framer = MessageFramer(longest: 4096)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...rest.count, using: &random))
                framer.append(piece)
                rest = rest.dropFirst(piece.count)
                while let message = try framer.next() {
                    let reply = ControlFuzz.answer(message, table)
                    #expect(reply.last == 0 && reply.dropLast().first == UInt8(ascii: "{"), "seed \(seed)")
                    answered += 1
                }
            }
            #expect(framer.isInMessage == (bytes.last.map { $0 != 0 } ?? false), "seed \(seed)")
        }
        #expect(answered > 1000)
    }

    @Test func damagedRepliesAreUnderstoodOrRefused() {
        let reply = Message.reply(Subscribe.Reply(event: Event(kind: .seen, at: 1, container: "x", text: "y")), continues: true)
        let fault = Message.fault(.ambiguousContainer("a", candidates: ["b", "c"], "d"))
        for seed in OutsideInputTests.seeds {
            var random = SeededGenerator(seed: seed)
            let bytes = random.damaged(Array((random.oneIn(2) ? reply : fault).dropLast()))
            do throws(ControlFault) {
                _ = try Message.result(of: bytes, Subscribe.self)
            } catch {
                _ = error.reason
            }
        }
    }
}
