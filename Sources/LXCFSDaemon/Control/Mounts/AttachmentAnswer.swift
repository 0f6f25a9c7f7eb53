internal import Cgroups
internal import LXCFSControl
internal import LinuxSystem
internal import Synchronization

/// Attach, Detach and Repair: into, out of, and anew in containers that run already. Nothing is needed inside, and no runtime is asked.
extension ControlService {
    func addAttachment(to table: inout MethodTable) {
        table.add(Attach.self) { [self] parameters, _ throws(ControlFault) in
            let (container, targets) = try change(parameters.pid, parameters.files, needsCgroup: true) { work, items throws(ControlFault) in
                try work.attach(items)
            }
            let count = targets.count { $0.outcome == .mounted || $0.outcome == .replaced }
            if count > 0 { events.post(.attached, container: container, pid: Int32(clamping: parameters.pid), "\(count) mounts made") }
            return Attach.Reply(container: container, targets: targets)
        }
        table.add(Detach.self) { [self] parameters, _ throws(ControlFault) in
            let (container, targets) = try change(parameters.pid, parameters.files, needsCgroup: false) {
                work, items throws(ControlFault) in
                try work.detach(items)
            }
            let count = targets.count { $0.outcome == .removed }
            if count > 0 { events.post(.detached, container: container, pid: Int32(clamping: parameters.pid), "\(count) mounts taken out") }
            return Detach.Reply(container: container, targets: targets)
        }
        table.add(Repair.self) { [self] parameters, _ throws(ControlFault) in
            guard let pid = parameters.pid else { return Repair.Reply(repaired: try repairAll()) }
            let own = try ownMount()
            let mounts = try container(pid, needsCgroup: false)
            return Repair.Reply(repaired: [try repair(mounts, own, SilentFileSystems())])
        }
    }

    private func change(
        _ pid: Int64, _ files: [String]?, needsCgroup: Bool, _ body: (MountWork, [MountCatalogue.Item]) throws(ControlFault) -> [Target]
    ) throws(ControlFault) -> (container: String, targets: [Target]) {
        let own = try ownMount()
        let items = try MountCatalogue(parts.host).items(named: files)
        let mounts = try container(pid, needsCgroup: needsCgroup)
        let name = self.name(of: mounts)
        let turn = try MountTurn(in: mounts)
        defer { turn.end() }
        return (name, try body(MountWork(mounts, own, hostGroups: hostPeerGroups()), items))
    }

    // MARK: - Repair

    private func repair(_ mounts: MountsOfProcess, _ own: OwnMount, _ silent: SilentFileSystems) throws(ControlFault) -> Repaired {
        let name = self.name(of: mounts)
        let turn = try MountTurn(in: mounts)
        defer { turn.end() }
        let targets = try MountWork(mounts, own, hostGroups: hostPeerGroups(), silent: silent).repair()
        let count = targets.count { $0.outcome == .replaced }
        if count > 0 {
            let text = "\(count) dead \(count == 1 ? "mount" : "mounts") replaced"
            events.post(.repaired, container: name, pid: Int32(clamping: mounts.pid), text)
        }
        return Repaired(pid: mounts.pid, container: name, targets: targets)
    }

    /// Every mount namespace but the host's. Those where nothing was to be done are left out.
    private func repairAll() throws(ControlFault) -> [Repaired] {
        let own = try ownMount()
        let deadline = Clock.monotonic + MountWork.longestRepair
        // A daemon that is stopped is waited for once, not for each of its containers.
        let silent = SilentFileSystems()
        var repaired: [Repaired] = []
        for mounts in MountNamespaces(parts.host).withForeignMounts(than: own.device) {
            var result = Repaired(pid: mounts.pid, container: name(of: mounts), targets: [])
            if Clock.monotonic > deadline {
                result.targets = MountWork.failures(
                    in: mounts, own, "the time for all containers is over: call again, or for this one alone")
            } else {
                do throws(ControlFault) {
                    result = try repair(mounts, own, silent)
                } catch {
                    if error.isNamed("MountIsDead") { throw error }
                    // It ended meanwhile.
                    if error.isNamed("NoSuchProcess") { continue }
                    result.targets = MountWork.failures(in: mounts, own, error.reason)
                }
            }
            if result.targets.contains(where: { $0.outcome != .skipped && $0.outcome != .present }) { repaired.append(result) }
        }
        return repaired
    }

    // MARK: - Whose mounts may be changed

    /// The mounts of a process in a container.
    ///
    /// Whoever is in the daemon's mount namespace, or in that of the host's pid 1, sees the host's own mounts. A mount namespace alone makes no
    /// container, as `unshare -m` gives one too: a process in the root cgroups would be shown the host's values anyway, so nothing is
    /// attached there. A service with a mount namespace and a cgroup of its own (PrivateTmp=) counts as one: what is mounted there shows there
    /// only. Where it would not, because the mount below is shared with the host, nothing is mounted: see `MountWork`.
    /// - Throws: NoSuchProcess, NotAContainer.
    private func container(_ pid: Int64, needsCgroup: Bool) throws(ControlFault) -> MountsOfProcess {
        let own = "process \(pid) sees the host's own mounts, which are left alone: give a process of a container"
        // Also where it has privileges that the daemon has not, so that nothing of it can be read.
        if pid == 1 { throw .notAContainer(pid, own) }
        let mounts = try MountsOfProcess(of: pid, parts.host)
        if MountNamespaces.ofHost(parts.host).contains(mounts.namespace) { throw .notAContainer(pid, own) }
        if needsCgroup, try identify(process: pid).rule == .host {
            throw .notAContainer(
                pid, "process \(pid) is in no cgroup of its own, so it would be shown the host's values: put it into one first")
        }
        return mounts
    }

    private func name(of mounts: MountsOfProcess) -> String {
        (try? identify(process: mounts.pid))?.container.id.id ?? ContainerID.host.id
    }

    /// What is mounted on a mount of these groups shows on the host.
    private func hostPeerGroups() -> Set<Substring> {
        var groups: Set<Substring> = []
        for pid in [ProcessIdentity.pid, 1] {
            if let mounts = try? MountsOfProcess(pid, parts.host) { groups.formUnion(mounts.table.peerGroups) }
        }
        return groups
    }
}

/// The right to change the mounts of a namespace, which one call at a time has: two that find a place free would both mount there.
struct MountTurn: Sendable {
    private static let taken = Mutex<Set<UInt64>>([])
    private let namespace: UInt64

    /// Waits for it as long as a call may take.
    /// - Throws: MountsUnreachable.
    init(in mounts: MountsOfProcess) throws(ControlFault) {
        namespace = mounts.namespace
        let deadline = Clock.monotonic + 20_000_000_000
        while !MountTurn.taken.withLock({ $0.insert(mounts.namespace).inserted }) {
            guard Clock.monotonic < deadline else {
                throw .mountsUnreachable(mounts.pid, "another call has been changing the mounts of this container for long; try again")
            }
            Clock.sleep(until: Clock.monotonic + 2_000_000)
        }
    }

    func end() {
        _ = MountTurn.taken.withLock { $0.remove(namespace) }
    }
}
