internal import Cgroups
internal import ContainerViews
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// Who a process is taken for, and why.
struct Identification: Sendable {
    /// Which rule applied.
    enum Rule: Sendable {
        /// It is in the root cgroups.
        case host
        /// The cgroups of the init of its pid namespace count.
        case initProcess
        /// Its own cgroups count.
        case own
    }

    let container: KnownContainer
    let rule: Rule
    /// The rule in words, with the processes and cgroups that it was applied to.
    let explanation: String
    /// The container's init as the daemon sees it; `nil` where it has no pid namespace of its own.
    let initPID: Int32?
}

// The same rules as `scope(ofProcess:)`, with words for every step. Nothing is remembered: a container that has never read stays unknown.
extension ScopeResolver {
    /// The inits of the pid namespaces that containers live in and that have not ended, as the daemon sees them.
    var initProcesses: [PIDNamespaceLife: Int32] {
        var found: [PIDNamespaceLife: Int32] = [:]
        for entry in namespaces.withLock({ Array($0.values) }) where entry.initProcess.isAlive {
            found[entry.outermost] = entry.outermostPID
        }
        return found
    }

    /// The host, as a container.
    var hostContainer: KnownContainer {
        KnownContainer(host: hostScope, CgroupMembership(paths: layout.hierarchies.map { _ in .root }))
    }

    /// Who the process is taken for.
    /// - Throws: ENOENT or ESRCH where there is no such process.
    func identify(process pid: Int32) throws(Errno) -> Identification {
        let namespace = try host.proc.status("\(pid)/ns/pid").inode
        var text = InputText(capacity: 1024)
        do throws(Errno) {
            try host.proc.read("\(pid)/cgroup", into: &text)
        } catch .fileNameTooLong where namespace != ownNamespace {
            let found = try containerOfInit(of: namespace, process: pid)
            let why = "The path of the cgroup of process \(pid) is longer than the kernel prints"
            return try identification(
                found.container, found, .initProcess, why + ", so those of its init, process \(found.initPID), count.")
        }
        let caller = CgroupMembership(text, layout: layout)
        if namespace == ownNamespace {
            return try ownCgroups(of: pid, caller, because: "lives in the daemon's own pid namespace")
        }
        let found: InitCgroups
        do throws(Errno) {
            found = try containerOfInit(of: namespace, process: pid)
        } catch let error where [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(error) {
            throw error
        } catch {
            return try ownCgroups(of: pid, caller, because: "lives in a pid namespace whose init cannot be seen from here")
        }
        let membership = caller.belonging(to: found.container)
        return try identification(membership, found, pid, caller)
    }

    /// A container that is known, found without a process: by what it is remembered as.
    func identify(known container: KnownContainer) -> Identification {
        if container.scope.isHost {
            return Identification(
                container: container, rule: .host, explanation: "The host itself, as whoever is in the root cgroups is shown it.",
                initPID: nil)
        }
        let initPID = container.namespace.flatMap { initProcesses[$0] }
        let member = initPID ?? firstProcess(of: container)
        if let member, let found = try? identify(process: member), found.container.scope === container.scope { return found }
        let cgroups = describe(container.membership, in: layout.hierarchies)
        let explanation =
            container.namespace == nil
            ? "Somebody in the daemon's own pid namespace read; its own cgroups count: \(cgroups)."
            : "Somebody in a pid namespace of its own read; the cgroups of the container are \(cgroups)."
        return Identification(
            container: container, rule: container.namespace == nil ? .own : .initProcess, explanation: explanation, initPID: initPID)
    }

    /// A process of the container, as the daemon sees it; `nil` where none is visible.
    func firstProcess(of container: KnownContainer) -> Int32? {
        var text = InputText(capacity: 4096)
        var waiting = container.taskCgroup.map { [$0] } ?? []
        var walked = 0
        while let cgroup = waiting.popLast(), walked < 64 {
            walked += 1
            if (try? cgroup.readProcesses(into: &text)) != nil {
                var scanner = text.scanner
                if let pid = scanner.decimal(), pid > 0 { return Int32(clamping: pid) }
            }
            waiting += (try? cgroup.children()) ?? []
        }
        return nil
    }

    // MARK: - The init's cgroups

    private struct InitCgroups {
        let initPID: Int32
        let outermost: PIDNamespaceLife
        let outermostPID: Int32
        let container: CgroupMembership
    }

    private func containerOfInit(of namespace: UInt64, process pid: Int32) throws(Errno) -> InitCgroups {
        var text = InputText(capacity: 1024)
        if let known = namespaces.withLock({ $0[namespace] }), known.initProcess.isAlive {
            try host.proc.read("\(known.initPID)/cgroup", into: &text)
            return InitCgroups(
                initPID: known.initPID, outermost: known.outermost, outermostPID: known.outermostPID,
                container: CgroupMembership(text, layout: layout).removingInitScope)
        }
        let descriptor = try PIDNamespaceDescriptor(ofProcess: pid, proc: host.proc)
        guard descriptor.inode == namespace else { throw .noSuchProcess }
        let initPID = try descriptor.initProcess()
        try host.proc.read("\(initPID)/cgroup", into: &text)
        let container = CgroupMembership(text, layout: layout).removingInitScope
        let (outermost, outermostPID) = try outermostNamespace(from: descriptor, initPID: initPID, container: container)
        return InitCgroups(initPID: initPID, outermost: outermost, outermostPID: outermostPID, container: container)
    }

    private func identification(
        _ membership: CgroupMembership, _ found: InitCgroups, _ rule: Identification.Rule, _ explanation: String
    ) throws(Errno) -> Identification {
        Identification(
            container: try container(membership, namespace: found.outermost) { found.outermost.startedAt },
            rule: membership.isRoot ? .host : rule, explanation: explanation, initPID: found.outermostPID)
    }

    private func identification(
        _ membership: CgroupMembership, _ found: InitCgroups, _ pid: Int32, _ caller: CgroupMembership
    ) throws(Errno) -> Identification {
        if membership.isRoot {
            let why =
                "Process \(pid) and the init of its pid namespace, process \(found.initPID), are in the root cgroups: it is shown the host."
            return try identification(membership, found, .host, why)
        }
        let named = layout.hierarchies.filter { membership[$0]?.isRoot == false }
        let ofInit = named.filter { membership[$0] == found.container[$0] }
        let own = named.filter { membership[$0] != found.container[$0] }
        var parts: [String] = []
        if !ofInit.isEmpty {
            let isInit = found.initPID == pid
            let who =
                isInit
                ? "Process \(pid) is the init of its pid namespace"
                : "Process \(pid) has process \(found.initPID) as the init of its pid namespace"
            let its = isInit ? "its cgroups count" : "whose cgroups hold its own, so they count"
            parts.append("\(who), \(isInit ? "so " : "")\(its): \(describe(membership, in: ofInit))")
        }
        if !own.isEmpty {
            let outside = "outside the cgroups of its init, process \(found.initPID), so its own count: \(describe(membership, in: own))"
            parts.append(parts.isEmpty ? "Process \(pid) is \(outside)" : "elsewhere it is \(outside)")
        }
        let naming = ContainerID(of: membership.paths.compactMap { $0 }).cgroup
        let rule: Identification.Rule = ofInit.contains { membership[$0] == naming } ? .initProcess : .own
        return try identification(membership, found, rule, parts.joined(separator: "; ") + ".")
    }

    // MARK: - Its own cgroups

    private func ownCgroups(of pid: Int32, _ caller: CgroupMembership, because reason: String) throws(Errno) -> Identification {
        let membership = caller.removingInitScope
        let container = try container(membership, namespace: nil) { oldestStart(in: membership) }
        let isHost = membership.isRoot
        let explanation =
            isHost
            ? "Process \(pid) \(reason), in the root cgroups: it is shown the host."
            : "Process \(pid) \(reason), so its own cgroups count: \(describe(membership, in: layout.hierarchies))."
        return Identification(container: container, rule: isHost ? .host : .own, explanation: explanation, initPID: nil)
    }

    /// The container with these cgroups, as it is known; else as it would be if it read now.
    private func container(
        _ membership: CgroupMembership, namespace: PIDNamespaceLife?, startedAt: () -> UInt64
    ) throws(Errno) -> KnownContainer {
        if membership.isRoot { return hostContainer }
        let names = ContainerNames(membership, cgroups(of: membership), namespace)
        if let known = scopes.withLock({ $0[names.key] }) { return known }
        let made = try KnownContainer(
            layout, membership, names.cgroups, namespace: namespace, startedAt: records.startedAt(of: names.record) ?? startedAt())
        let kept = records.kept(of: names.record)
        made.scope.restore(cpuTimes: kept.cpuTimes, load: kept.load, now: Clock.boottime)
        return made
    }

    /// `/docker/4f5a (memory, cpu), / (pids)`.
    private func describe(_ membership: CgroupMembership, in hierarchies: [CgroupHierarchy]) -> String {
        var paths: [CgroupPath] = []
        for hierarchy in hierarchies {
            if let path = membership[hierarchy], !paths.contains(path) { paths.append(path) }
        }
        if paths.count == 1, let only = paths.first { return only.text }
        return paths.map { path in
            let names = hierarchies.filter { membership[$0] == path }.map {
                $0.version == .v2 ? "version 2" : $0.controllers.joined(separator: ",")
            }
            return "\(path) (\(names.joined(separator: ", ")))"
        }.joined(separator: ", ")
    }
}
