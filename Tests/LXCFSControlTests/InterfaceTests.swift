@testable import LXCFSControl
import Testing

/// The interface file is the contract: the types say exactly what it says.
@Suite("io.lxcfs.Control.varlink")
struct InterfaceTests {
    private let text: InterfaceText

    init() throws {
        text = try InterfaceText(ControlInterface.description)
    }

    private static func shapes<Method: ControlMethod>(_ method: Method.Type) throws -> (parameters: String, reply: String) {
        (try Shape.of(Method.Parameters.self), try Shape.of(Method.Reply.self))
    }

    private static let methods: [any ControlMethod.Type] = [
        GetStatus.self, ListMounts.self, Reload.self, SetVirtualization.self, ListContainers.self, Inspect.self, Attach.self, Detach.self,
        Repair.self, GetMetrics.self, Subscribe.self,
    ]

    @Test func everyMethodTakesAndGivesWhatTheFileSays() throws {
        #expect(text.methods.keys.sorted() == Self.methods.map { $0.name }.sorted())
        for method in Self.methods {
            let (parameters, reply) = try Self.shapes(method)
            #expect(text.methods[method.name]?.parameters == parameters, "\(method.name)")
            #expect(text.methods[method.name]?.reply == reply, "\(method.name)")
        }
    }

    @Test func everyErrorHasTheParametersThatTheFileNames() {
        let faults: [ControlFault] = [
            .notPermitted(method: "a", "b"), .reloadFailed("a"), .reloadTimedOut("a"), .noKeeper("a"), .mountIsDead(at: "a", "b"),
            .noSuchProcess(1, "a"), .noSuchContainer("a", "b"), .ambiguousContainer("a", candidates: ["b"], "c"), .noSuchFile("a", "b"),
            .notAContainer(1, "a"), .mountsUnreachable(1, "a"), .badMessage("a"), .replyTooLong("a"), .tooManyConnections(limit: 1, "a"),
            .interrupted("a"), .unavailable("a"),
        ]
        #expect(text.errors.keys.sorted().map { "io.lxcfs.Control." + $0 } == faults.map(\.name).sorted())
        for fault in faults {
            let fields = fault.parameters.map { name, value in
                let type =
                    switch value {
                    case .string: "string"
                    case .integer: "int"
                    case .strings: "[]string"
                    }
                return "\(name): \(type)"
            }
            #expect(text.errors[String(fault.name.dropFirst("io.lxcfs.Control.".count))] == "(\(fields.sorted().joined(separator: ", ")))")
        }
    }

    @Test func everythingIsExplained() {
        let lines = ControlInterface.description.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, before) in zip(lines.dropFirst(), lines) {
            let word = line.split(separator: " ").first
            if ["type", "method", "error", "interface"].contains(word) { #expect(before.hasPrefix("# "), "\(line)") }
        }
    }

    @Test func theBoundsInTheFileAreThoseInTheCode() {
        let text = ControlInterface.description.replacing("\n# ", with: " ")
        for bound in [
            "a call is at most \(ControlBounds.longestCall) bytes long and nested at most \(ControlBounds.deepestNesting) levels deep",
            "a reply is at most \(ControlBounds.longestReply >> 20) MiB long",
            "\(ControlBounds.connections) connections at once, and \(ControlBounds.connectionsForRoot) more for root",
            "\(ControlBounds.connectionsPerUser) for each user but root", "\(ControlBounds.callsPerUser) calls are worked on at once",
            "complete \(ControlBounds.transferTimeout / 1_000_000_000) seconds after its first byte",
            "closed after \(ControlBounds.idleTimeout / 1_000_000_000) seconds",
            "at most one line in \(ControlBounds.logInterval / 1_000_000_000) seconds",
        ] { #expect(text.contains(bound), "\(bound)") }
    }
}
