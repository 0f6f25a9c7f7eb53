internal import Cgroups
internal import HostProc
internal import ProcText

/// /sys/devices/system/node/nodeN/meminfo
///
/// The same model as /proc/meminfo. Where the container may use several nodes, each shows the share of every amount that it has of these nodes'
/// memory: an approximation; what lies on which node is not looked up. A node that cpuset.mems excludes shows 0 everywhere.
///
/// The kernel's text: node_read_meminfo(), drivers/base/node.c.
package struct NodeMeminfoView: View {
    private let node: Int

    /// The view of one node.
    package init(node: Int) {
        self.node = node
    }

    /// The view of a path such as `sys/devices/system/node/node0/meminfo`; `nil` for any other.
    package init?(path: String) {
        var scanner = InputText(path).scanner
        guard scanner.skip(literal: "sys/devices/system/node/node"), let node = scanner.decimal(), scanner.skip(literal: "/meminfo"),
            scanner.isAtEnd, node <= UInt64(CPUSet.largest)
        else { return nil }
        self.init(node: Int(node))
    }

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost {
            try context.readNodeMeminfo(node)
            context.output.append(context.hostText)
            return
        }
        var memory = try MemoryView(of: container, in: &context)
        let (share, whole) = try share(for: container, in: &context)
        try context.readNodeMeminfo(node)
        memory.keep(share: share, of: whole)
        context.writeMeminfo(memory, prefixWords: 2)
    }

    /// The node's memory, and that of all nodes the container may use. Bytes; alike where there is but one.
    private func share(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) -> (share: UInt64, whole: UInt64) {
        context.cpus.removeAll()
        do throws(CgroupError) {
            _ = try container.cpuset?.memoryNodes(&context.cgroupText, into: &context.cpus)
        } catch {
            throw .cgroup(error)
        }
        if context.cpus.isEmpty {
            try context.readHost(.nodeOnline)
            var online = context.hostText.scanner
            context.cpus.formUnion(list: &online)
        }
        if !context.cpus.contains(node) { return (0, 1) }
        if context.cpus.count == 1 { return (1, 1) }
        var share: UInt64 = 0
        var whole: UInt64 = 0
        var next = context.cpus.next(0)
        while let other = next {
            next = context.cpus.next(other + 1)
            try context.readNodeMeminfo(other)
            var lines = context.hostText.scanner
            while var line = lines.nextLine() {
                _ = line.word()
                _ = line.word()
                line.skipBlanks()
                guard line.skip(literal: "MemTotal:"), let total = line.decimal() else { continue }
                whole = whole.saturatingAdd(total)
                if other == node { share = total }
                break
            }
        }
        return (share, whole)
    }
}

extension RenderContext {
    /// Reads a node's file into `hostText`.
    fileprivate mutating func readNodeMeminfo(_ node: Int) throws(ViewError) {
        do throws(HostFileError) {
            try host.readSys(NodeMeminfoView.paths[node], into: &hostText)
        } catch {
            throw .host(error)
        }
    }
}

extension NodeMeminfoView {
    fileprivate static let paths = NumberedPaths("devices/system/node/node", "/meminfo")
}
