internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import ProcText
internal import Synchronization

// ListContainers, and the numbers of one container for whoever needs them.
//
// They come from the same models as the files, so that they agree with what the container sees. It is shown nothing thereby.

extension ControlService {
    /// Containers in one reply, where several are wanted.
    private static let containersInReply = 64

    func addContainers(to table: inout MethodTable) {
        table.add(several: ListContainers.self, joined: { ListContainers.Reply(containers: $0.flatMap(\.containers)) }) { [self] _, _ in
            let known = livingContainers()
            let starts = stride(from: 0, to: known.count, by: ControlService.containersInReply)
            return starts.map { start in
                { [self] in
                    let part = known[start..<min(start + ControlService.containersInReply, known.count)]
                    return ListContainers.Reply(containers: described(part))
                }
            }
        }
    }

    /// The containers that are known and not gone, with their inits, in the order of their cgroups.
    func livingContainers() -> [(container: KnownContainer, initPID: Int32?)] {
        let inits = parts.resolver.initProcesses
        return parts.resolver.known.compactMap { container in
            guard let namespace = container.namespace else { return (container, nil) }
            return inits[namespace].map { (container, $0) }
        }.sorted { $0.container.id.cgroup.bytes.lexicographicallyPrecedes($1.container.id.cgroup.bytes) }
    }

    /// What is told of containers. One that is gone meanwhile is left out, as is one that cannot be read: the log says why.
    func described(_ containers: some Sequence<(container: KnownContainer, initPID: Int32?)>) -> [Container] {
        let time = UnixTime()
        return parts.renderer.measure { context in
            var host: HostMeminfo?
            if (try? context.readHost(.meminfo)) != nil { host = HostMeminfo(context.hostText) }
            guard let host else { return [] }
            var open = OpenFileBudget()
            return containers.compactMap { container, initPID in
                defer { open.closeFiles(of: container) }
                do throws(ViewError) {
                    do throws(ViewError) {
                        return try described(container, initPID, host, time, &context)
                    } catch  where error.isLackOfDescriptors {
                        parts.resolver.closeFiles()
                        return try described(container, initPID, host, time, &context)
                    }
                } catch {
                    logger.debug("container \(container.id.name) is not listed: \(error)")
                    return nil
                }
            }
        }
    }

    /// - Returns: `nil` where its cgroup is gone.
    private func described(
        _ known: KnownContainer, _ initPID: Int32?, _ host: HostMeminfo, _ time: UnixTime, _ context: inout RenderContext
    ) throws(ViewError) -> Container? {
        guard known.scope.isHost || known.taskCgroup?.exists == true else { return nil }
        let numbers = try ContainerNumbers(of: known.scope, host, &context)
        let reads = known.scope.reads.load(ordering: .relaxed)
        return Container(
            id: known.id.id, runtime: known.id.runtime.rawValue, name: known.id.name, pod: known.id.pod, cgroup: known.id.cgroup.text,
            memberships: memberships(of: known), initPid: initPID.map(Int64.init), startedAt: time.of(boottime: known.scope.startedAt),
            cpus: numbers.cpus, cpuCount: numbers.cpuCount, cpuLimitMillis: numbers.cpuLimitMillis,
            cpuUsageMicroseconds: numbers.cpuMicroseconds, memoryTotalBytes: numbers.memoryTotal, memoryUsageBytes: numbers.memoryUsage,
            memoryAvailableBytes: numbers.memoryAvailable, isMemoryLimited: numbers.isMemoryLimited, swapTotalBytes: numbers.swapTotal,
            swapUsageBytes: numbers.swapUsage, load1: numbers.load?[0], load5: numbers.load?[1], load15: numbers.load?[2],
            tasks: numbers.tasks, reads: Int64(clamping: reads), lastReadAt: reads > 0 ? time.of(monotonic: known.lastUse) : 0)
    }

    private func memberships(of known: KnownContainer) -> [Membership] {
        parts.layout.hierarchies.compactMap { hierarchy in
            known.membership[hierarchy].map {
                Membership(version: hierarchy.version == .v2 ? 2 : 1, controllers: hierarchy.controllers, path: $0.text)
            }
        }
    }
}

/// What a list may keep open of containers that nobody reads, so that the next one is fast: not so much that readers have to do without.
private struct OpenFileBudget {
    /// Descriptors that a container's files take, on the layout that needs most.
    private static let perContainer = 16
    /// Whoever read this lately will read again soon.
    private static let idleNanoseconds: UInt64 = 5_000_000_000
    private var containers = Int(clamping: ProcessIdentity.raiseFileLimit() / 4) / perContainer

    /// Closes what was opened of a container, where that is too much.
    mutating func closeFiles(of container: KnownContainer) {
        containers -= 1
        let idle = Clock.monotonic.saturatingSubtract(container.lastUse)
        guard containers < 0, idle > OpenFileBudget.idleNanoseconds else { return }
        container.cgroups.forEach { $0.closeFiles() }
    }
}

/// The numbers of one container at one moment, as they go over the wire.
private struct ContainerNumbers {
    let cpus: String
    let cpuCount: Int64
    private(set) var cpuLimitMillis: Int64?
    private(set) var cpuMicroseconds: Int64?
    let isMemoryLimited: Bool
    let memoryTotal: Int64
    private(set) var memoryUsage: Int64
    private(set) var memoryAvailable: Int64
    private(set) var swapTotal: Int64
    private(set) var swapUsage: Int64
    private(set) var load: [Double]?
    private(set) var tasks: Int64?

    init(of scope: ContainerScope, _ host: HostMeminfo, _ context: inout RenderContext) throws(ViewError) {
        let memory = try MemoryView(of: scope, host: host, in: &context)
        isMemoryLimited = memory.isLimited
        memoryTotal = Int64(clamping: memory.total)
        memoryUsage = Int64(clamping: memory.total.saturatingSubtract(memory.free))
        memoryAvailable = Int64(clamping: memory.available)
        swapTotal = Int64(clamping: memory.swapTotal)
        swapUsage = Int64(clamping: memory.swapTotal.saturatingSubtract(memory.swapFree))
        try context.readCPUs(of: scope)
        cpuCount = Int64(context.cpu.cpus.count)
        context.output.removeAll()
        context.output.append(list: context.cpu.cpus)
        cpus = String(decoding: context.output.bytes, as: UTF8.self)
        do throws(CgroupError) {
            if let quota = try scope.bandwidth?.quota(&context.cgroupText) {
                cpuLimitMillis = Int64(clamping: quota.quotaMicroseconds.scaled(by: 1000, over: quota.periodMicroseconds))
            }
            cpuMicroseconds = try scope.accounting?.total(&context.cgroupText).map { Int64(clamping: $0 / 1000) }
            tasks = try scope.pids?.current(&context.cgroupText).map { Int64(clamping: $0) }
        } catch {
            throw .cgroup(error)
        }
        let averages = scope.load.withLock { $0 }
        if averages.last != nil { load = averages.averages.indices.map { Double(averages.averages[$0]) / 2048 } }
        if scope.isHost { try readHost(&context) }
    }

    /// The host's own use, which no cgroup tells.
    private mutating func readHost(_ context: inout RenderContext) throws(ViewError) {
        try context.readHost(.meminfo)
        var lines = context.hostText.scanner
        while var line = lines.nextLine() {
            func value() -> Int64? { line.decimal().map { Int64(clamping: $0.saturatingMultiply(1024)) } }
            if line.skip(literal: "MemFree:") {
                memoryUsage = max(0, memoryTotal.subtractingReportingOverflow(value() ?? memoryTotal).partialValue)
            } else if line.skip(literal: "MemAvailable:") {
                memoryAvailable = value() ?? memoryAvailable
            } else if line.skip(literal: "SwapTotal:") {
                swapTotal = value() ?? 0
            } else if line.skip(literal: "SwapFree:") {
                swapUsage = max(0, swapTotal.subtractingReportingOverflow(value() ?? swapTotal).partialValue)
            }
        }
        try context.readHost(.loadavg)
        let words = String(decoding: context.hostText.bytes[context.hostText.range], as: UTF8.self).split(separator: " ")
        let averages = words.prefix(3).compactMap { Double($0) }
        if averages.count == 3 { load = averages }
    }
}
