internal import HostProc
internal import ProcText

#if arch(arm64) || arch(arm)
    internal import LinuxSystem
#endif

/// /proc/cpuinfo: the host's blocks of the container's CPUs, under their real numbers.
///
/// Rewritten: `siblings` and `cpu cores` (x86, s390x) count the container's CPUs alone; `# processors` (s390x). Passed through: everything else,
/// also the lines that belong to no CPU, in front (mips, loongarch, s390x) and at the end (arm, ppc). Kernel functions: `show_cpuinfo` and `c_show` in
/// arch/*/kernel; a block starts with `processor : N` (s390x: `cpu number : N`) and ends with an empty line.
///
/// On arm64 the kernel prints what the personality(2) of the reader asks for: the file is read under the caller's.
package struct CPUInfoView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if !container.isHost { try context.readCPUs(of: container) }
        try readAsCaller(&context)
        guard !container.isHost else { return context.output.append(context.hostText) }
        collectTopology(&context)
        var lines = CPUInfoLines(context.hostText)
        while let line = lines.next() {
            if let cpu = lines.cpu, !context.cpu.cpus.contains(cpu) { continue }
            append(line, of: lines, &context)
        }
        // s390x has the empty line in front of a block and none at the end: the one before a block that is left out is too much.
        if !context.hostText.endsWithEmptyLine, context.output.endsWithEmptyLine { context.output.truncate(to: context.output.count - 1) }
    }

    private func append(_ line: CPUInfoLine, of lines: CPUInfoLines, _ context: inout RenderContext) {
        var number: UInt64?
        switch line.key {
        case .siblings: number = lines.package.flatMap { context.topology.siblings(inPackage: $0) }
        case .cores: number = lines.package.flatMap { context.topology.cores(inPackage: $0) }
        case .processorCount: number = UInt64(context.cpu.cpus.count)
        default: break
        }
        guard let number else { return context.output.append(context.hostText.bytes, in: line.range) }
        context.output.append(context.hostText.bytes, in: line.range.lowerBound..<line.value.lowerBound)
        context.output.append(decimal: number)
        context.output.newline()
    }

    private func collectTopology(_ context: inout RenderContext) {
        context.topology.removeAll()
        var lines = CPUInfoLines(context.hostText)
        while let line = lines.next() {
            guard line.key == .core, let cpu = lines.cpu, context.cpu.cpus.contains(cpu), let package = lines.package else { continue }
            context.topology.insert(package: package, core: line.number ?? 0)
        }
    }

    private func readAsCaller(_ context: inout RenderContext) throws(ViewError) {
        #if arch(arm64) || arch(arm)
            let personality = CallerPersonality(of: context.callerPID, host: context.host.host)
            let previous = personality.adopt()
            defer { previous.restore() }
        #endif
        try context.readHost(.cpuinfo)
    }
}

/// What a line of /proc/cpuinfo says, as far as it matters here.
enum CPUInfoKey {
    /// `processor : N`, `cpu number : N`: a CPU's block begins. s390x's `processor N: ...` is a line about one CPU outside of its block.
    case processor, processorLine
    case package, core, siblings, cores, processorCount, empty, other
}

/// One line of /proc/cpuinfo.
struct CPUInfoLine {
    var key: CPUInfoKey
    /// Where it stands, newline included.
    var range: Range<Int>
    /// Where its value stands, without newline; empty at the line's end where there is no value.
    var value: Range<Int>
    /// Its value, if that starts with a number.
    var number: UInt64?
}

/// Walks over the lines of /proc/cpuinfo and knows to which CPU each belongs.
struct CPUInfoLines {
    private static let keys = KeyTable(["processor", "cpu number", "physical id", "core id", "siblings", "cpu cores", "# processors"])

    private let bytes: [UInt8]
    private let end: Int
    private var position = 0
    private var isBetweenBlocks = true
    private var isAboutOneCPU = false

    /// The CPU that the last line belongs to; `nil` for the lines that belong to none.
    private(set) var cpu: Int?
    /// `physical id` of the block so far.
    private(set) var package: UInt64?

    init(_ text: InputText) {
        bytes = text.bytes
        end = min(text.count, text.bytes.count)
    }

    /// The next line; `nil` at the end.
    mutating func next() -> CPUInfoLine? {
        guard position < end else { return nil }
        let line = scan()
        position = line.range.upperBound
        if isBetweenBlocks || isAboutOneCPU { cpu = nil }
        isAboutOneCPU = false
        switch line.key {
        case .processor:
            cpu = Int(clamping: line.number ?? 0)
            package = nil
            isBetweenBlocks = false
        case .processorLine:
            cpu = Int(clamping: line.number ?? 0)
            isAboutOneCPU = true
            isBetweenBlocks = true
        case .package: package = line.number
        case .empty: isBetweenBlocks = true
        default: break
        }
        return line
    }

    private func scan() -> CPUInfoLine {
        let start = position
        var newline = start
        var colon: Int?
        while newline < end, bytes[newline] != UInt8(ascii: "\n") {
            if colon == nil, bytes[newline] == UInt8(ascii: ":") { colon = newline }
            newline += 1
        }
        let range = start..<min(newline + 1, end)
        guard let colon else {
            return CPUInfoLine(key: newline == start ? .empty : .other, range: range, value: newline..<newline, number: nil)
        }
        var keyEnd = colon
        while keyEnd > start, CPUInfoLines.isBlank(bytes[keyEnd - 1]) { keyEnd -= 1 }
        var valueStart = colon + 1
        while valueStart < newline, CPUInfoLines.isBlank(bytes[valueStart]) { valueStart += 1 }
        var line = CPUInfoLine(key: .other, range: range, value: valueStart..<newline, number: nil)
        switch CPUInfoLines.keys.number(of: bytes, in: start..<keyEnd) {
        case 0, 1: line.key = .processor
        case 2: line.key = .package
        case 3: line.key = .core
        case 4: line.key = .siblings
        case 5: line.key = .cores
        case 6: line.key = .processorCount
        default: return numbered(line, start..<keyEnd)
        }
        var scanner = ByteScanner(bytes, in: line.value)
        line.number = scanner.decimal()
        // `processor : ` without a number starts no block: ARM kernels of old print `Processor : model` in front of all.
        if line.key == .processor, line.number == nil { line.key = .other }
        return line
    }

    /// s390x: `processor 0: version = FF,  identification = ...`.
    private func numbered(_ line: CPUInfoLine, _ key: Range<Int>) -> CPUInfoLine {
        var scanner = ByteScanner(bytes, in: key)
        guard scanner.skip(literal: "processor "), let number = scanner.decimal(), scanner.isAtEnd else { return line }
        var line = line
        line.key = .processorLine
        line.number = number
        return line
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

extension InputText {
    fileprivate var endsWithEmptyLine: Bool {
        count >= 2 && count <= bytes.count && bytes[count - 1] == UInt8(ascii: "\n") && bytes[count - 2] == UInt8(ascii: "\n")
    }
}

extension TextBuffer {
    fileprivate var endsWithEmptyLine: Bool {
        count >= 2 && bytes[count - 1] == UInt8(ascii: "\n") && bytes[count - 2] == UInt8(ascii: "\n")
    }
}
