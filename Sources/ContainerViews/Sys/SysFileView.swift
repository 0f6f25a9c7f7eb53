internal import HostProc
internal import ProcText

/// How a file of the host's /sys is reduced to what the container has.
enum SysReduction: Sendable, Equatable {
    /// Nothing in it depends on the container.
    case asItIs
    /// A list of CPUs, `0-3,8`: those of the container. A text that is no list (`(null)`) stays.
    case cpuList
    /// A mask of CPUs in hexadecimal groups, `ff,ffffffff`: the bits of the container's, as wide as the host's.
    case cpuMask
    /// CPUs with blanks between: those of the container.
    case cpuWords
    /// A list of memory nodes: those of the container.
    case nodeList(MemoryNodes)
    /// A number for each online memory node: those of the container's nodes.
    case nodeColumns
    /// 1: a CPU that the container has is online.
    case one
}

/// A file below /sys: the host's, reduced to the CPUs and memory nodes of the container. Documentation/ABI/testing/sysfs-devices-system-cpu,
/// Documentation/ABI/stable/sysfs-devices-node.
struct SysFileView: View {
    /// Relative to /sys.
    private let path: String
    private let reduction: SysReduction

    init(_ path: String, _ reduction: SysReduction) {
        self.path = path
        self.reduction = reduction
    }

    func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        let isReduced = reduction != .asItIs && !container.isHost
        if isReduced { try readOwn(of: container, &context) }
        do throws(HostFileError) {
            try context.host.readSys(path, into: &context.hostText)
        } catch {
            throw .host(error)
        }
        guard isReduced else { return context.output.append(context.hostText) }
        switch reduction {
        case .asItIs: context.output.append(context.hostText)
        case .cpuList: appendList(context.cpu.cpus, &context)
        case .nodeList(let which): appendList(context.memoryNodes[which], &context)
        case .cpuMask: appendMask(&context)
        case .cpuWords: appendWords(&context)
        case .nodeColumns: appendColumns(&context)
        case .one: context.output.append("1\n")
        }
    }

    private func readOwn(of container: ContainerScope, _ context: inout RenderContext) throws(ViewError) {
        switch reduction {
        case .nodeList, .nodeColumns: try context.readMemoryNodes(of: container)
        default: try context.readCPUs(of: container)
        }
    }

    private func appendList(_ own: CPUSet, _ context: inout RenderContext) {
        var scanner = context.hostText.scanner
        if let first = scanner.peek, first != UInt8(ascii: "\n"), first &- UInt8(ascii: "0") > 9 {
            return context.output.append(context.hostText)
        }
        context.cpus.removeAll()
        context.cpus.formUnion(list: &scanner)
        context.cpus.formIntersection(own)
        context.output.append(list: context.cpus)
        context.output.newline()
    }

    private func appendMask(_ context: inout RenderContext) {
        let text = context.hostText
        var bit = 0
        for byte in text.bytes[0..<min(text.count, text.bytes.count)] where SysFileView.nibble(byte) != nil { bit += 4 }
        for byte in text.bytes[0..<min(text.count, text.bytes.count)] {
            guard let value = SysFileView.nibble(byte) else {
                context.output.append(byte: byte)
                continue
            }
            bit -= 4
            var own: UInt8 = 0
            for offset in 0..<4 where context.cpu.cpus.contains(bit + offset) { own |= 1 << UInt8(offset) }
            let digit = value & own
            context.output.append(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private func appendWords(_ context: inout RenderContext) {
        var scanner = context.hostText.scanner
        var isFirst = true
        while let cpu = scanner.decimal() {
            guard context.cpu.cpus.contains(Int(clamping: cpu)) else { continue }
            if !isFirst { context.output.append(byte: UInt8(ascii: " ")) }
            isFirst = false
            context.output.append(decimal: cpu)
        }
        context.output.newline()
    }

    private func appendColumns(_ context: inout RenderContext) {
        var scanner = context.hostText.scanner
        var isFirst = true
        var node = context.memoryNodes.online.next(0)
        while let here = node, let value = scanner.decimal() {
            node = context.memoryNodes.online.next(here + 1)
            guard context.memoryNodes[.all].contains(here) else { continue }
            if !isFirst { context.output.append(byte: UInt8(ascii: " ")) }
            isFirst = false
            context.output.append(decimal: value)
        }
        context.output.newline()
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
