internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// Finds out in whose name a caller asks.
///
/// The container is the cgroup of the init of the caller's pid namespace (without `init.scope`), if the caller's own cgroup lies at or
/// below it: system containers keep their services in groups of their own. Else it is the caller's own cgroup: pid namespaces
/// can be shared with the host or with another container. Each hierarchy is decided by itself.
///
/// A warm answer costs one read of /proc/PID/cgroup, one stat of /proc/PID/ns/pid and one look whether the init is still alive.
final class ScopeResolver: Sendable {
    /// Namespaces and containers that are remembered at most; of containers the one that was asked for longest ago goes first.
    static let capacity = 4096
    /// A container's files are closed when nobody asked for this long, so that descriptors are bounded by the busy containers.
    static let idleNanoseconds: UInt64 = 60_000_000_000
    /// A container whose pid namespace has ended is kept this long, for those that are being resolved right now.
    static let graceNanoseconds: UInt64 = 5_000_000_000

    /// The host itself, for callers in the root cgroups and for those who cannot be seen.
    let hostScope: ContainerScope

    let host: HostFilesystem
    let layout: CgroupLayout
    let records: ContainerRecords
    let ownNamespace: UInt64
    private let events: EventHub
    private let texts = ExclusivePool { InputText(capacity: 1024) }
    // Lock order: `namespaces` before `scopes` before those of `records` and of a container that nobody else has yet. No system call under any.
    let namespaces = Mutex<[UInt64: PIDNamespaceEntry]>([:])
    let scopes = Mutex<[ScopeKey: KnownContainer]>([:])

    /// - Parameters:
    ///   - records: where what containers were shown is kept for a successor.
    ///   - events: is told of containers that are seen for the first time, and of those that are gone.
    init(_ host: HostFilesystem, layout: CgroupLayout, records: ContainerRecords, events: EventHub = EventHub()) throws(Errno) {
        self.host = host
        self.events = events
        self.records = records
        self.layout = layout
        ownNamespace = try host.proc.status("self/ns/pid").inode
        hostScope = try ContainerScope(
            layout: layout, membership: CgroupMembership(paths: layout.hierarchies.map { _ in .root }), name: "/", startedAt: 0)
    }

    /// The containers that are known now.
    var known: [KnownContainer] { scopes.withLock { Array($0.values) } }

    /// The container of a process. One that is gone or not visible from here is taken for the host.
    /// - Returns: `nil` where the kernel could not say, so that a container is never taken for the host because descriptors or memory
    ///   are short, or because it made the path of its cgroup longer than the kernel prints.
    func scope(ofProcess pid: Int32) -> ContainerScope? {
        guard pid > 0 else { return hostScope }
        do throws(Errno) {
            return try find(pid)
        } catch .tooManyOpenFiles, .tooManyOpenFilesInSystem {
            makeRoom()
            return try? find(pid)
        } catch .noMemory, .fileNameTooLong {
            return nil
        } catch {
            return hostScope
        }
    }

    /// Closes what is kept open, and forgets the half of the containers that was asked for longest ago, because descriptors are short.
    func makeRoom() {
        let known = scopes.withLock { Array($0) }.sorted { $0.value.lastUse < $1.value.lastUse }
        let oldest = known.prefix((known.count + 1) / 2)
        let forgotten = Set(oldest.map { ObjectIdentifier($0.value.scope) })
        scopes.withLock { scopes in
            for (key, known) in oldest {
                records.detach(known.record)
                if scopes[key]?.scope === known.scope { scopes[key] = nil }
            }
        }
        // Held until the lock is free: the last owner of a descriptor closes it.
        let namespaces = namespaces.withLock { namespaces in
            defer { namespaces = namespaces.filter { !forgotten.contains(ObjectIdentifier($0.value.scope)) } }
            return namespaces
        }
        _ = consume namespaces
        known.forEach { $0.value.cgroups.forEach { $0.closeFiles() } }
    }

    /// Closes the files that containers keep open; the next read opens them again.
    func closeFiles() {
        known.forEach { $0.cgroups.forEach { $0.closeFiles() } }
    }

    /// Forgets namespaces whose init has ended and containers that are gone, and closes the files of idle ones. Called from time to time.
    func sweep() {
        let ended = namespaces.withLock { Array($0) }.filter { !$0.value.initProcess.isAlive }.map(\.key)
        let living = namespaces.withLock { namespaces in
            ended.forEach { namespaces[$0] = nil }
            return Set(namespaces.values.map(\.outermost))
        }
        let now = Clock.monotonic
        var gone: [(ScopeKey, KnownContainer)] = []
        for (key, known) in scopes.withLock({ Array($0) }) {
            let idle = now.saturatingSubtract(known.lastUse)
            let isOver = key.namespace.map { !living.contains($0) } ?? false
            if isOver && idle > ScopeResolver.graceNanoseconds || known.cgroups.contains(where: { !$0.exists }) {
                gone.append((key, known))
            } else if idle > ScopeResolver.idleNanoseconds {
                known.cgroups.forEach { $0.closeFiles() }
            }
        }
        scopes.withLock { scopes in
            for (key, known) in gone {
                records.free(known.record)
                if scopes[key]?.scope === known.scope { scopes[key] = nil }
            }
        }
        layout.hierarchies.forEach { $0.forgetUnused() }
        for (_, known) in gone { events.post(.gone, container: known.id.id, "container \(known.id.name) is gone") }
        // What a container took lies scattered among what others still have.
        if !gone.isEmpty { ProcessIdentity.returnFreeMemory() }
    }

    private func find(_ pid: Int32) throws(Errno) -> ContainerScope {
        try texts.withElement { text throws(Errno) in
            let namespace = try host.proc.status("\(pid)/ns/pid").inode
            do throws(Errno) {
                // proc_cgroup_show() prints in one piece.
                try host.proc.read("\(pid)/cgroup", into: &text, isSingleRecord: true)
            } catch .fileNameTooLong where namespace != ownNamespace {
                return try entry(of: namespace, process: pid).scope
            }
            if namespace == ownNamespace { return try ownScope(of: text) }
            if let warm = warmScope(in: namespace, text) { return warm }
            return try scope(ofProcess: pid, in: namespace, text)
        }
    }

    // MARK: - Callers in the daemon's own pid namespace

    private func ownScope(of text: InputText) throws(Errno) -> ContainerScope {
        let membership = CgroupMembership(text, layout: layout).removingInitScope
        return try scope(membership, namespace: nil) { self.oldestStart(in: membership) }
    }

    /// When the oldest process of the cgroup started: a container that shares the host's pid namespace has no init of its own. Looks at 512 processes at most.
    func oldestStart(in membership: CgroupMembership) -> UInt64 {
        var oldest = Clock.boottime
        guard let cgroup = cgroups(of: membership).max(by: { $0.path.bytes.count < $1.path.bytes.count }) else { return 0 }
        return texts.withElement { list in
            guard (try? cgroup.readProcesses(into: &list)) != nil else { return oldest }
            var scanner = list.scanner
            var text = InputText(capacity: 1024)
            for _ in 0..<512 {
                guard let pid = scanner.decimal() else { break }
                scanner.skipLine()
                if (try? host.proc.read("\(pid)/stat", into: &text)) != nil, let stat = ProcessStat(text) {
                    oldest = min(oldest, stat.startedAt)
                }
            }
            return oldest
        }
    }

    // MARK: - Callers in pid namespaces of their own

    private func warmScope(in namespace: UInt64, _ text: InputText) -> ContainerScope? {
        guard let entry = namespaces.withLock({ $0[namespace] }), entry.cgroupText.count == text.count else { return nil }
        for index in 0..<text.count where entry.cgroupText[index] != text.bytes[index] { return nil }
        guard entry.initProcess.isAlive else {
            namespaces.withLock { $0[namespace] = nil }
            return nil
        }
        return entry.scope
    }

    private func scope(ofProcess pid: Int32, in namespace: UInt64, _ text: InputText) throws(Errno) -> ContainerScope {
        let caller = CgroupMembership(text, layout: layout)
        let entry: PIDNamespaceEntry
        do throws(Errno) {
            entry = try self.entry(of: namespace, process: pid)
        } catch let error where [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(error) {
            throw error
        } catch {
            // The init is not visible or just ended: only the caller itself is left to go by.
            return try ownScope(of: text)
        }
        let container = CgroupMembership(InputText(bytes: entry.cgroupText), layout: layout).removingInitScope
        return try scope(caller.belonging(to: container), in: entry.outermost)
    }

    /// The namespace's entry with the init's cgroups as they are now.
    private func entry(of namespace: UInt64, process pid: Int32) throws(Errno) -> PIDNamespaceEntry {
        var text = InputText(capacity: 1024)
        if var known = namespaces.withLock({ $0[namespace] }), known.initProcess.isAlive {
            try host.proc.read("\(known.initPID)/cgroup", into: &text)
            if known.cgroupText[...] == text.bytes[text.range] { return known }
            let container = CgroupMembership(text, layout: layout).removingInitScope
            known.cgroupText = Array(text.bytes[text.range])
            known.scope = try scope(container, in: known.outermost)
            remember(known, as: namespace)
            return known
        }
        let descriptor = try PIDNamespaceDescriptor(ofProcess: pid, proc: host.proc)
        guard descriptor.inode == namespace else { throw .noSuchProcess }
        let initPID = try descriptor.initProcess()
        let initProcess = try ProcessDescriptor(pid: initPID)
        try host.proc.read("\(initPID)/cgroup", into: &text)
        let container = CgroupMembership(text, layout: layout).removingInitScope
        let (outermost, outermostPID) = try outermostNamespace(from: descriptor, initPID: initPID, container: container)
        let made = PIDNamespaceEntry(
            initProcess: initProcess, initPID: initPID, outermostPID: outermostPID, outermost: outermost,
            cgroupText: Array(text.bytes[text.range]), scope: try scope(container, in: outermost))
        remember(made, as: namespace)
        return made
    }

    /// The text of /proc/PID/cgroup of a namespace's init, as it is now.
    func cgroupsOfInit(of namespace: UInt64, process pid: Int32) throws(Errno) -> InputText {
        InputText(bytes: try entry(of: namespace, process: pid).cgroupText)
    }

    /// Sandboxes inside a container (browsers, `unshare -p`) make pid namespaces but no cgroups: they are the same container, as old as its outermost init.
    /// - Returns: the namespace, and the pid of its init.
    func outermostNamespace(
        from inner: borrowing PIDNamespaceDescriptor, initPID: Int32, container: CgroupMembership
    ) throws(Errno) -> (PIDNamespaceLife, Int32) {
        var text = InputText(capacity: 1024)
        try host.proc.read("\(initPID)/stat", into: &text)
        guard let stat = ProcessStat(text) else { throw .noSuchProcess }
        var found = (PIDNamespaceLife(inode: inner.inode, startedAt: stat.startedAt), initPID)
        var above = inner.parent()
        while let namespace = above {
            guard namespace.inode != ownNamespace, let pid = try? namespace.initProcess(),
                (try? host.proc.read("\(pid)/cgroup", into: &text)) != nil,
                CgroupMembership(text, layout: layout).removingInitScope == container,
                (try? host.proc.read("\(pid)/stat", into: &text)) != nil, let stat = ProcessStat(text)
            else { break }
            found = (PIDNamespaceLife(inode: namespace.inode, startedAt: stat.startedAt), pid)
            above = namespace.parent()
        }
        return found
    }

    private func remember(_ entry: PIDNamespaceEntry, as namespace: UInt64) {
        namespaces.withLock { namespaces in
            if namespaces.count >= ScopeResolver.capacity, namespaces[namespace] == nil, let other = namespaces.first?.key {
                namespaces[other] = nil
            }
            namespaces[namespace] = entry
        }
    }

    // MARK: - Containers

    /// The container with these cgroups, as old as its pid namespace.
    private func scope(_ membership: CgroupMembership, in namespace: PIDNamespaceLife) throws(Errno) -> ContainerScope {
        try scope(membership, namespace: namespace) { namespace.startedAt }
    }

    /// The container with these cgroups; made on first sight.
    private func scope(
        _ membership: CgroupMembership, namespace: PIDNamespaceLife?, startedAt: () -> UInt64
    ) throws(Errno) -> ContainerScope {
        if membership.isRoot { return hostScope }
        let names = ContainerNames(membership, cgroups(of: membership), namespace)
        if let existing = scopes.withLock({ $0[names.key]?.scope }) { return existing }
        let known = records.startedAt(of: names.record)
        let started = known ?? startedAt()
        let made = try KnownContainer(layout, membership, names.cgroups, namespace: namespace, startedAt: started)
        made.scope.lastUse.store(Clock.monotonic, ordering: .relaxed)
        let kept = scopes.withLock { scopes in
            if let other = scopes[names.key] { return other }
            if scopes.count >= ScopeResolver.capacity, let oldest = scopes.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                records.detach(oldest.value.record)
                scopes[oldest.key] = nil
            }
            let kept = records.attach(made.record, to: names.record, startedAt: started)
            made.scope.restore(cpuTimes: kept.cpuTimes, load: kept.load, now: Clock.boottime)
            scopes[names.key] = made
            return made
        }
        // One that a predecessor knew has been told of.
        if kept.scope === made.scope, known == nil {
            events.post(.seen, container: made.id.id, "container \(made.id.name) reads for the first time")
        }
        return kept.scope
    }

    /// The cgroups of a membership that can be opened, root cgroups left out.
    func cgroups(of membership: CgroupMembership) -> [Cgroup] {
        layout.hierarchies.compactMap { hierarchy in
            guard let path = membership[hierarchy], !path.isRoot else { return nil }
            return try? hierarchy.cgroup(at: path)
        }
    }
}
