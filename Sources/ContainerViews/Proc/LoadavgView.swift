internal import HostProc
internal import ProcText
internal import Synchronization

/// /proc/loadavg: the container's load averages over 1, 5 and 15 minutes, its running and all its tasks, its newest process.
///
/// Computed: the averages, from the sampler's counts; the first reader of a container asks for a sample (`RenderContext.sampleLoad`) and waits for it.
/// All tasks are those that the pids controller counts, else those that were sampled. A process id that is not known in the container's own
/// numbering is shown as 1, its init. Kernel function: `loadavg_proc_show`.
package struct LoadavgView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        guard !container.isHost else { return try context.passThrough(.loadavg) }
        let load = context.load(of: container)
        // The reader runs.
        let running = max(load.last?.running ?? 1, 1)
        let tasks = try context.tasks(of: container) ?? load.last?.total ?? 0
        for index in load.averages.indices {
            // FIXED_1/200 rounds to the nearest hundredth.
            let rounded = load.averages[index] + LoadAverages.one / 200
            context.output.append(decimal: rounded >> 11)
            context.output.append(byte: UInt8(ascii: "."))
            context.output.append(decimal: ((rounded & (LoadAverages.one - 1)) * 100) >> 11, width: 2, padding: UInt8(ascii: "0"))
            context.output.append(byte: UInt8(ascii: " "))
        }
        context.output.append(decimal: running)
        context.output.append(byte: UInt8(ascii: "/"))
        context.output.append(decimal: max(tasks, running))
        context.output.append(byte: UInt8(ascii: " "))
        context.output.append(decimal: max(load.last?.newestPID ?? 1, 1))
        context.output.newline()
    }
}

extension RenderContext {
    /// The container's load averages and last counts. From now on the sampler keeps them up to date; before the first reader goes on, it counts once.
    mutating func load(of container: ContainerScope) -> LoadAverages {
        if isOnlyMeasured { return container.load.withLock { $0 } }
        let now = now
        let wasSampled = container.load.withLock { load in
            let previous = load.lastReadAt
            load.lastReadAt = max(previous ?? 0, now)
            if previous.map({ now.saturatingSubtract($0) >= LoadAverages.readingIsKeptAfter }) ?? true { container.checkpoint(load) }
            return load.last != nil
        }
        if !wasSampled, let sampleLoad { sampleLoad(container) }
        return container.load.withLock { $0 }
    }
}
