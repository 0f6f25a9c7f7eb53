internal import FUSE
internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import Synchronization

/// What the methods of the control socket answer, put together. Each group of methods is an extension in a file of its own.
final class ControlService: Sendable {
    let configuration: Configuration
    let connection: Connection
    let state: StateMemory
    let parts: WorkerParts
    let keeper: KeeperLink
    let events: EventHub
    let logger: Logger
    /// What serves them, while it does.
    let server = Mutex<ControlServer?>(nil)
    private let probedFeatures = Mutex<KernelFeatures?>(nil)
    let program = ExecutedProgram(calledAs: CommandLine.arguments.first ?? "")

    init(
        _ configuration: Configuration, _ connection: Connection, _ state: StateMemory, _ parts: WorkerParts, _ keeper: KeeperLink,
        _ logger: Logger
    ) {
        self.configuration = configuration
        self.connection = connection
        self.state = state
        self.parts = parts
        self.keeper = keeper
        events = parts.events
        self.logger = logger
    }

    /// What the kernel can do, tried when somebody first asks: a worker that starts has readers waiting.
    var features: KernelFeatures {
        probedFeatures.withLock { probed in
            let features = probed ?? KernelFeatures(parts.layout, parts.host, initRequest: state.initRequest)
            probed = features
            return features
        }
    }

    /// All methods, for the server.
    func methods() -> MethodTable {
        var table = MethodTable(version: Version.current)
        table.describe(ControlInterface.name, as: ControlInterface.description)
        addStatus(to: &table)
        addContainers(to: &table)
        addInspection(to: &table)
        addMetrics(to: &table)
        addMounts(to: &table)
        addAttachment(to: &table)
        addSubscription(to: &table)
        addReload(to: &table)
        return table
    }

    private func addSubscription(to table: inout MethodTable) {
        table.add(subscription: Subscribe.self) { _, _ in
            Subscribe.Reply(event: Event(kind: .subscribed, at: Clock.realtimeMilliseconds, text: "events from now on"))
        }
    }
}
