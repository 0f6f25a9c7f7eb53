internal import CgroupTree
internal import Cgroups
internal import ContainerViews
internal import FUSE
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import SystemPackage

/// Everything that answers, put together.
final class WorkerParts: Sendable {
    let fileSystem: MountedFileSystem
    /// Whether there is a cgroup tree, and why not.
    let cgroupTree: CgroupTreeState
    let sampler: LoadSampler
    /// What it leaves to its successor; to be taken over before the first request is served.
    let memory: WorkerMemory
    let layoutDescription: String
    let host: HostFilesystem
    let layout: CgroupLayout
    let resolver: ScopeResolver
    let renderer: Renderer
    let statistics: RequestStatistics
    let fallbacks: FallbackLog
    let events = EventHub()
    private let hostScope: ContainerScope

    /// - Parameter fixture: a made-up host instead of this one.
    init(
        _ configuration: Configuration, _ state: StateMemory, _ logger: Logger, fixture: HostFilesystem? = nil
    ) throws(StartError) {
        do throws(Errno) {
            if let fixture { host = fixture } else { host = try HostFilesystem() }
            var text = InputText(capacity: 65536)
            try host.proc.read("self/mountinfo", into: &text)
            layout = CgroupLayout(host, mounts: MountTable(text))
            memory = WorkerMemory(in: state.worker)
            resolver = try ScopeResolver(host, layout: layout, records: memory.containers, events: events)
            sampler = LoadSampler(host, resolver: resolver, memory: memory)
            statistics = RequestStatistics(totals: memory.counters)
            fallbacks = FallbackLog(logger, counters: memory.counters, events: events)
            renderer = Renderer(
                host, hostScope: resolver.hostScope, settings: configuration.views, sampler: sampler,
                fallbacks: fallbacks, makeRoom: { [resolver] in resolver.makeRoom() })
            let threads = RequestSlots(in: state.slots).count
            let (tree, treeState) = CgroupTree.served(configuration, layout, host, identification: resolver, threads: threads)
            cgroupTree = treeState
            let views = ContainerFileSystem(
                resolver: resolver, renderer: renderer, openFiles: memory.openFiles, statistics: statistics,
                showsHost: { state.showsHost }, otherFolders: tree == nil ? [] : [(CgroupTree.name, CgroupTree.top.inode)])
            fileSystem = MountedFileSystem(views: views, cgroups: tree)
            layoutDescription = layout.description
            hostScope = resolver.hostScope
        } catch {
            throw .host(error)
        }
    }

    /// The files without which no container can do; every host has them.
    private static let indispensable = ["meminfo", "cpuinfo", "stat", "uptime", "loadavg"]

    /// Renders the most important files as the host's. What fails here fails for every container.
    /// - Returns: what is wrong; `nil` if nothing.
    func selfTest() -> String? {
        let proc = renderer.lookUp("proc", in: .root, for: hostScope)
        for name in WorkerParts.indispensable {
            guard let proc, let node = renderer.lookUp(name, in: proc, for: hostScope),
                renderer.length(of: node, for: hostScope, caller: 0) > 0
            else { return "the host's /proc/\(name) cannot be shown" }
        }
        return nil
    }
}
