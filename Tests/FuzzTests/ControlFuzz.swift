@testable import LXCFSControl

/// A table with every method of the interface, whose answers do nothing.
enum ControlFuzz {
    static let table: MethodTable = {
        var table = MethodTable(version: "1")
        table.describe(ControlInterface.name, as: ControlInterface.description)
        table.add(GetMetrics.self) { _, _ in GetMetrics.Reply(text: "") }
        table.add(ListMounts.self) { parameters, _ in ListMounts.Reply(mountPoint: (parameters.files ?? []).joined(), mounts: []) }
        table.add(SetVirtualization.self) { parameters, _ in SetVirtualization.Reply(wasEnabled: parameters.enabled) }
        table.add(several: ListContainers.self, joined: { $0.first ?? ListContainers.Reply(containers: []) }) { _, _ in [] }
        table.add(Reload.self) { parameters, _ throws(ControlFault) in throw .reloadFailed("\(parameters.timeoutMilliseconds ?? 0)") }
        table.add(Inspect.self) { parameters, _ throws(ControlFault) in throw .noSuchContainer(parameters.container ?? "", "") }
        table.add(subscription: Subscribe.self) { _, _ in Subscribe.Reply(event: Event(kind: .subscribed, at: 0, text: "")) }
        return table
    }()

    /// What a connection receives, as the server takes it: cut into messages, each of which is answered.
    static func answerAll(_ bytes: some Collection<UInt8>) {
        var framer = MessageFramer(longest: ControlBounds.longestCall)
        framer.append(bytes)
        while let message = try? framer.next() { _ = answer(message, table) }
    }

    /// The bytes of the first reply.
    static func answer(_ message: ArraySlice<UInt8>, _ table: MethodTable) -> [UInt8] {
        let caller = ControlCaller(uid: 0, gid: 0, pid: 1, refusal: nil)
        let head: CallHead
        do throws(ControlFault) {
            head = try Message.head(of: message)
        } catch {
            return Message.fault(error)
        }
        switch table.answer(message, head, from: caller) {
        case .one(let reply), .subscription(let reply): return reply
        case .several(let next): return next() ?? []
        }
    }
}
