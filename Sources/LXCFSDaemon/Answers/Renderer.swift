internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// Makes texts and listings for containers, and finds something to show when a view fails: the last good text of this container, else the host's.
final class Renderer: Sendable {
    /// The longest text that is kept for the case that the view fails the next time, and all such texts of one container together, in bytes.
    private static let longestLastGood = 8192
    private static let mostLastGood = 32768

    private let hostScope: ContainerScope
    private let fallbacks: FallbackLog
    private let contexts: ExclusivePool<RenderContext>
    private let makeRoom: @Sendable () -> Void

    /// - Parameter makeRoom: closes files that are kept open; called when there are no descriptors left.
    init(
        _ host: HostFilesystem, hostScope: ContainerScope, settings: ViewSettings, sampler: LoadSampler, fallbacks: FallbackLog,
        makeRoom: @escaping @Sendable () -> Void = {}
    ) {
        self.hostScope = hostScope
        self.makeRoom = makeRoom
        self.fallbacks = fallbacks
        contexts = ExclusivePool {
            var context = RenderContext(host, settings: settings)
            context.sampleLoad = { sampler.countIfOverdue($0) }
            return context
        }
    }

    /// How long the text is that the container would read from a file now, in bytes; 0 where there is nothing to show at all.
    func length(of node: ViewNode, for scope: ContainerScope, caller: Int32) -> Int {
        guard let view = ViewTable.view(of: node) else { return 0 }
        return contexts.withElement { context in
            context.callerPID = caller
            context.isOnlyMeasured = true
            defer { context.isOnlyMeasured = false }
            do throws(ViewError) {
                return try render(view, for: scope, &context)
            } catch {
                return substitute(for: node, view, scope, error, &context)?.count ?? 0
            }
        }
    }

    /// What the container reads from a file now; `nil` where there is nothing to show at all.
    func text(of node: ViewNode, for scope: ContainerScope, caller: Int32) -> [UInt8]? {
        guard let view = ViewTable.view(of: node) else { return nil }
        scope.lastUse.store(Clock.monotonic, ordering: .relaxed)
        return contexts.withElement { context in
            context.callerPID = caller
            do throws(ViewError) {
                _ = try render(view, for: scope, &context)
                let text = Renderer.copy(of: context.output)
                keep(text, of: node, for: scope)
                return text
            } catch {
                return substitute(for: node, view, scope, error, &context)
            }
        }
    }

    /// The node of a name in a folder of the container.
    func lookUp(_ name: String, in folder: ViewNode, for scope: ContainerScope) -> ViewNode? {
        withHostInReserve(folder, scope) { scope, context throws(ViewError) in
            try ViewTable.lookUp(name, in: folder, for: scope, context: &context)
        } ?? nil
    }

    /// Whether the container has the file or folder.
    func exists(_ node: ViewNode, for scope: ContainerScope) -> Bool {
        withHostInReserve(node, scope) { scope, context throws(ViewError) in
            try ViewTable.exists(node, for: scope, in: &context)
        } ?? false
    }

    /// All names in a folder of the container with their nodes; `nil` where there is nothing to show at all.
    func list(_ folder: ViewNode, for scope: ContainerScope) -> [(String, ViewNode)]? {
        withHostInReserve(folder, scope) { scope, context throws(ViewError) in
            var entries: [(String, ViewNode)] = []
            try ViewTable.list(folder, for: scope, in: &context) { entries.append(($0, $1)) }
            return entries
        }
    }

    /// Looks at containers, without showing them anything and without remembering that they were.
    func measure<Result, Failure: Error>(_ body: (inout RenderContext) throws(Failure) -> Result) throws(Failure) -> Result {
        try contexts.withElement { context throws(Failure) in
            context.isOnlyMeasured = true
            context.now = Clock.boottime
            defer { context.isOnlyMeasured = false }
            return try body(&context)
        }
    }

    /// What the container would read from a file now, without being shown it.
    func preview(of node: ViewNode, for scope: ContainerScope, caller: Int32) throws(ViewError) -> [UInt8] {
        guard let view = ViewTable.view(of: node) else { return [] }
        return try measure { context throws(ViewError) in
            context.callerPID = caller
            _ = try render(view, for: scope, &context)
            return Renderer.copy(of: context.output)
        }
    }

    // MARK: - When something fails

    /// Writes the text into `context.output` and returns its length.
    private func render(_ view: any View, for scope: ContainerScope, _ context: inout RenderContext) throws(ViewError) -> Int {
        do throws(ViewError) {
            try renderOnce(view, for: scope, &context)
        } catch  where error.isLackOfDescriptors {
            makeRoom()
            try renderOnce(view, for: scope, &context)
        }
        return context.output.count
    }

    private func renderOnce(_ view: any View, for scope: ContainerScope, _ context: inout RenderContext) throws(ViewError) {
        context.output.removeAll()
        context.now = Clock.boottime
        try view.render(for: scope, in: &context)
    }

    /// Exactly the text: `Array(bytes)` would be the buffer itself, with all its room, and the next text would need a new one.
    private static func copy(of output: borrowing TextBuffer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: output.count) { buffer, count in
            count = buffer.initialize(fromContentsOf: output.bytes)
        }
    }

    private func keep(_ text: [UInt8], of node: ViewNode, for scope: ContainerScope) {
        guard text.count <= Renderer.longestLastGood else { return }
        scope.lastGood.withLock { lastGood in
            if lastGood[node.rawValue] == nil, lastGood.values.reduce(text.count, { $0 + $1.count }) > Renderer.mostLastGood { return }
            lastGood[node.rawValue] = text
        }
    }

    private func substitute(
        for node: ViewNode, _ view: any View, _ scope: ContainerScope, _ error: ViewError, _ context: inout RenderContext
    ) -> [UInt8]? {
        let file = ViewTable.path(of: node) ?? "node \(node.rawValue)"
        if let text = scope.lastGood.withLock({ $0[node.rawValue] }) {
            fallbacks.note(error, file: file, container: scope.name, substitute: "the last good text")
            return text
        }
        guard (try? render(view, for: hostScope, &context)) != nil else {
            fallbacks.note(error, file: file, container: scope.name, substitute: "an error")
            return nil
        }
        fallbacks.note(error, file: file, container: scope.name, substitute: "the host's file")
        return Renderer.copy(of: context.output)
    }

    private func withHostInReserve<Result>(
        _ node: ViewNode, _ scope: ContainerScope,
        _ body: (ContainerScope, inout RenderContext) throws(ViewError) -> Result
    ) -> Result? {
        contexts.withElement { context in
            do throws(ViewError) {
                return try body(scope, &context)
            } catch {
                let file = ViewTable.path(of: node) ?? "node \(node.rawValue)"
                fallbacks.note(error, file: file, container: scope.name, substitute: "the host's folder")
                return try? body(hostScope, &context)
            }
        }
    }
}

extension ViewError {
    /// EMFILE or ENFILE.
    var isLackOfDescriptors: Bool {
        let cause: Errno? =
            switch self {
            case .host(let error): error.error
            case .cgroup(let error): error.error
            default: nil
            }
        return cause == .tooManyOpenFiles || cause == .tooManyOpenFilesInSystem
    }
}
