internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LXCFSControl
internal import ProcText

/// Every limit of a container, with the file and the cgroup that set it.
///
/// The limits are those that the views take, found by the same controllers; only the words are read once more.
struct LimitsOfContainer {
    private let known: KnownContainer
    private let host: HostMeminfo
    private var text = InputText(capacity: 4096)
    private(set) var list: [LXCFSControl.Limit] = []

    /// - Throws: where a cgroup file is there but cannot be read.
    init(_ known: KnownContainer, _ host: HostMeminfo) throws(CgroupError) {
        self.known = known
        self.host = host
        let scope = known.scope
        try addMemory(scope)
        try addCPU(scope)
        let tasks = try scope.pids?.limit(&text) ?? .none
        try add(
            "tasks", tasks.value.flatMap { _ in tasks.source }, tasks.file, Amount.number(tasks.value ?? 0, "task"),
            otherwise: "as many as the host allows")
        try addHugePages(scope)
    }

    private mutating func addMemory(_ scope: ContainerScope) throws(CgroupError) {
        let limit = try scope.memory?.limit(&text) ?? .none
        let isTooLarge = (limit.value ?? 0) > host.total
        let meaning = Amount.bytes(limit.value ?? 0) + (isTooLarge ? ", which is more than the host's \(Amount.bytes(host.total))" : "")
        try add("memory", limit.source, limit.file, meaning, otherwise: "the host's \(Amount.bytes(host.total))")

        let usage = try scope.memory?.usage(&text)
        let statistics = try scope.memory?.statistics(&text) ?? MemoryStatistics()
        guard let swap = try scope.memory?.swap(&text, usage: usage, statistics: statistics) else {
            let reason = scope.isHost ? hostSwap : "swap is not counted for it: it is shown none"
            return try add("swap", nil, nil, "", otherwise: reason)
        }
        let amount = Amount.bytes(swap.limit.value ?? 0)
        try add(
            "swap", swap.limit.source, swap.limit.file,
            swap.limit.file == .memorySwapLimit ? "\(amount) of memory and swap together" : amount,
            otherwise: hostSwap)
    }

    private var hostSwap: String { host.swapTotal == 0 ? "the host has no swap" : "the host's \(Amount.bytes(host.swapTotal))" }

    private mutating func addCPU(_ scope: ContainerScope) throws(CgroupError) {
        let quota = try scope.bandwidth?.quota(&text)
        let meaning = quota.map {
            "\(Amount.cpus($0.quotaMicroseconds, of: $0.periodMicroseconds)):"
                + " \($0.quotaMicroseconds) microseconds in every \($0.periodMicroseconds)"
        }
        try add("cpu quota", quota?.source, quota?.file, meaning ?? "", otherwise: "all the time of its CPUs")

        let cpus = try scope.cpuset?.cpusRestriction(&text)
        try add("cpus", cpus?.source, cpus?.file, Amount.cpus(UInt64(cpus?.set.count ?? 0), of: 1), otherwise: "every CPU of the host")

        let nodes = try scope.cpuset?.memoryNodesRestriction(&text)
        try add(
            "memory nodes", nodes?.source, nodes?.file, Amount.number(UInt64(nodes?.set.count ?? 0), "node"),
            otherwise: "every memory node of the host")
    }

    private mutating func addHugePages(_ scope: ContainerScope) throws(CgroupError) {
        guard host.hugePageSize > 0, let pages = try scope.hugetlb?.pages(ofKibibytes: host.hugePageSize / 1024, &text) else { return }
        let value = pages.limit.value ?? 0
        try add(
            "huge pages", pages.limit.source, pages.limit.file,
            "\(Amount.bytes(value)), which is \(Amount.number(value / host.hugePageSize, "page"))", otherwise: "the host's pool")
    }

    /// - Parameter meaning: of the limit, where there is one.
    private mutating func add(
        _ name: String, _ source: Cgroup?, _ file: CgroupFile?, _ meaning: String, otherwise: String
    ) throws(CgroupError) {
        guard let source, let file else {
            return list.append(LXCFSControl.Limit(name: name, value: "none", meaning: otherwise, isInherited: false))
        }
        let isOwn = known.cgroups.contains { $0.path == source.path && $0.device == source.device }
        list.append(
            LXCFSControl.Limit(
                name: name, value: try words(file, of: source), meaning: meaning, file: source.location(of: file), cgroup: source.path.text,
                isInherited: !isOwn))
    }

    /// What the file says, without the newline.
    private mutating func words(_ file: CgroupFile, of cgroup: Cgroup) throws(CgroupError) -> String {
        guard try cgroup.read(file, into: &text) else { return "none" }
        return String(decoding: text.bytes[text.range].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
