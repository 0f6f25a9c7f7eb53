internal import Cgroups
package import HostProc
package import ProcText

/// Which of the container's memory nodes.
package enum MemoryNodes: Sendable, Equatable {
    /// Those that hold its CPUs or that it may have memory of.
    case all
    /// Those that hold its CPUs.
    case withCPUs
    /// Those that it may have memory of: cpuset.mems.
    case withMemory
}

/// The NUMA nodes of one container at one instant; reused for one container after the other.
package struct MemoryNodesView: Sendable {
    /// The host's online nodes.
    package private(set) var online = CPUSet()
    private var withCPUs = CPUSet()
    private var withMemory = CPUSet()
    private var all = CPUSet()
    private var scratch = CPUSet()

    private static let cpuLists = NumberedPaths("devices/system/node/node", "/cpulist")

    package init() {}

    package subscript(which: MemoryNodes) -> CPUSet {
        switch which {
        case .all: all
        case .withCPUs: withCPUs
        case .withMemory: withMemory
        }
    }

    /// Finds out which nodes the container has, given its CPUs.
    package mutating func read(
        of container: ContainerScope, cpus: CPUSet, host: inout HostFiles, hostText: inout InputText, cgroupText: inout InputText
    ) throws(ViewError) {
        try host.readList(.nodeOnline, into: &online, &hostText)
        withMemory.removeAll()
        do throws(CgroupError) {
            if !container.isHost { _ = try container.cpuset?.memoryNodes(&cgroupText, into: &withMemory) }
        } catch {
            throw .cgroup(error)
        }
        withMemory.formIntersection(online)
        if withMemory.isEmpty { withMemory.formUnion(online) }
        withCPUs.removeAll()
        var next = online.next(0)
        while let node = next {
            next = online.next(node + 1)
            do throws(HostFileError) {
                try host.readSys(MemoryNodesView.cpuLists[node], into: &hostText)
            } catch {
                throw .host(error)
            }
            scratch.removeAll()
            var scanner = hostText.scanner
            scratch.formUnion(list: &scanner)
            scratch.formIntersection(cpus)
            if !scratch.isEmpty { withCPUs.insert(node) }
        }
        all.removeAll()
        all.formUnion(withCPUs)
        all.formUnion(withMemory)
        if container.isHost { all.formUnion(online) }
    }
}

/// /sys/devices/system/node/online and possible: the container's nodes. Kernel function: `show_node_state`.
struct NodeListView: View {
    /// Relative to /sys.
    private let path: String

    init(_ path: String) {
        self.path = path
    }

    func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        guard !container.isHost else { return try context.passThrough(sys: path) }
        try context.readMemoryNodes(of: container)
        context.output.append(list: context.memoryNodes[.all])
        context.output.newline()
    }
}

extension RenderContext {
    /// Brings `memoryNodes` and `cpu.cpus` up to date for this container.
    mutating func readMemoryNodes(of container: ContainerScope) throws(ViewError) {
        try readCPUs(of: container)
        try memoryNodes.read(of: container, cpus: cpu.cpus, host: &host, hostText: &hostText, cgroupText: &cgroupText)
    }
}
