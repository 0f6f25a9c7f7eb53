internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// `lxcfsctl containers`
struct ContainersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "containers", abstract: "List the containers that the daemon knows.",
        discussion: """
            A container is known from its first read of a file on. The memory is what its tasks and its page cache use, and what it is shown; \
            CPU is the time that it has used.
            """)

    @Option(help: ArgumentHelp("What they are ordered by: names from a to z, everything else from the largest on.", valueName: "order"))
    var sort = ContainerOrder.name

    @Flag(name: .shortAndLong, help: "More columns: ids and cgroups at full length, swap, tasks, start.")
    var wide = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let containers = sort.sorted(try options.containers())
        if options.json { return try Output.print(json: ListContainers.Reply(containers: containers)) }
        guard !containers.isEmpty else { return try Output.print(ContainersCommand.nothing) }
        try Output.print(ContainersCommand.table(of: containers, isWide: wide, now: Clock.realtimeMilliseconds).lines())
    }

    /// What is said where there are none.
    static let nothing: Line = "no container has read anything yet"

    static func table(of containers: [Container], isWide: Bool, now: Int64) -> Table {
        var columns: [Table.Column] = [
            .init("ID"), .init("NAME"), .init("RUNTIME"), .number("PID"), .number("CPUS"), .number("QUOTA"), .number("CPU TIME"),
            .number("MEMORY"), .number("OF"), .number("LOAD"), .number("READS"), .init("LAST READ"),
        ]
        if isWide { columns += [.number("SWAP"), .number("OF"), .number("TASKS"), .init("STARTED"), .init("POD"), .init("CGROUP")] }
        var table = Table(columns)
        for container in containers { table.add(row(of: container, isWide: isWide, now: now)) }
        return table
    }

    private static func row(of container: Container, isWide: Bool, now: Int64) -> [StyledText] {
        var row: [StyledText] = [
            isWide ? "\(container.id)" : container.shortID, StyledText(container.name, .strong), "\(container.runtime)",
            optional(container.initPid) { "\($0)" }, "\(container.cpuCount)", optional(container.cpuLimitMillis, Units.cpus),
            optional(container.cpuUsageMicroseconds) { Units.cpuTime(microseconds: $0) },
            StyledText(Units.bytes(container.memoryUsageBytes), container.memoryStyle),
            "\(Units.bytes(container.memoryTotalBytes))", optional(container.load1) { Units.decimal($0, 2) },
            "\(Units.grouped(container.reads))", "\(container.lastRead(now: now))",
        ]
        if isWide {
            row += [
                "\(Units.bytes(container.swapUsageBytes))", "\(Units.bytes(container.swapTotalBytes))",
                optional(container.tasks) { "\($0)" },
                "\(LocalTime.dateAndTime(milliseconds: container.startedAt))", "\(container.pod ?? "-")", "\(container.cgroup)",
            ]
        }
        return row
    }

    private static func optional<Value>(_ value: Value?, _ text: (Value) -> String) -> StyledText {
        value.map { StyledText(text($0)) } ?? StyledText("-", .faint)
    }
}

/// In what order containers are listed.
enum ContainerOrder: String, ExpressibleByArgument, CaseIterable {
    case name, cpu, memory, load, reads, started

    func sorted(_ containers: [Container]) -> [Container] {
        switch self {
        case .name: return containers.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
        case .cpu: return descending(containers) { Double($0.cpuUsageMicroseconds ?? 0) }
        case .memory: return descending(containers) { Double($0.memoryUsageBytes) }
        case .load: return descending(containers) { $0.load1 ?? 0 }
        case .reads: return descending(containers) { Double($0.reads) }
        case .started: return descending(containers) { Double($0.startedAt) }
        }
    }

    private func descending(_ containers: [Container], by value: (Container) -> Double) -> [Container] {
        containers.sorted { (value($1), $0.name, $0.id) < (value($0), $1.name, $1.id) }
    }
}

extension Container {
    /// As the runtimes show it: the first 12 digits of a long hexadecimal id, else all of it.
    var shortID: StyledText {
        let isLong =
            id.utf8.count >= 32
            && id.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 }
        return StyledText(isLong ? String(id.prefix(12)) : id)
    }

    /// How long ago it last read.
    func lastRead(now: Int64) -> String { lastReadAt > 0 ? Units.ago(lastReadAt, now: now) : "never" }

    /// How much of its memory cannot be given up at once: 0 to 1.
    var memoryPressure: Double {
        guard memoryTotalBytes > 0 else { return 0 }
        return min(1, max(0, 1 - Double(memoryAvailableBytes) / Double(memoryTotalBytes)))
    }

    var memoryStyle: Style {
        guard isMemoryLimited else { return .plain }
        return memoryPressure >= 0.95 ? .bad : memoryPressure >= 0.8 ? .warning : .plain
    }
}
