internal import LXCFSControl
internal import LinuxSystem

/// ListMounts.
extension ControlService {
    func addMounts(to table: inout MethodTable) {
        table.add(ListMounts.self) { [self] parameters, _ throws(ControlFault) in try listMounts(parameters) }
    }

    private func listMounts(_ parameters: ListMounts.Parameters) throws(ControlFault) -> ListMounts.Reply {
        let own = try ownMount()
        let items = try MountCatalogue(parts.host).items(named: parameters.files)
        var states: [Mount.State?] = items.map { _ in nil }
        if let pid = parameters.pid { states = MountStates(try MountsOfProcess(of: pid, parts.host), own).states(of: items) }
        return ListMounts.Reply(
            mountPoint: own.path,
            mounts: zip(items, states).map { item, state in
                Mount(
                    file: item.file, source: (own.path == "/" ? "" : own.path) + item.destination, destination: item.destination,
                    type: "bind",
                    options: MountCatalogue.options, isFolder: item.isFolder, refusedBy: item.refusedBy, state: state)
            })
    }

    /// Where our file system is mounted, if it is what lies there and the kernel still asks us: no container may be given an empty folder.
    ///
    /// The table of mounts and the connection are asked, never the file system: it would be asked of this very process.
    /// - Throws: MountIsDead.
    func ownMount() throws(ControlFault) -> OwnMount {
        let health = mountHealth
        if let problem = health.problem(commands) { throw .mountIsDead(at: health.path, "\(problem.text); try: \(problem.remedy)") }
        return OwnMount(path: health.path, device: health.device)
    }
}

/// What a process has at the places where our files belong.
struct MountStates {
    private let mounts: MountsOfProcess
    private let own: OwnMount

    init(_ mounts: MountsOfProcess, _ own: OwnMount) {
        self.mounts = mounts
        self.own = own
    }

    /// Only where another lxcfs is or was, somebody is asked: by a process that waits in our place.
    func states(of items: [MountCatalogue.Item]) -> [Mount.State] {
        let holding = items.map { mounts.table.mount(holding: $0.destination) }
        let foreign = Set(holding.compactMap { $0 }.filter { $0.type == MountTable.lxcfsType && $0.device != own.device }.map(\.device))
        let dead = foreign.isEmpty ? [] : deadDevices(among: foreign, zip(items, holding).map { ($0.destination, $1) })
        return zip(items, holding).map { item, mount in
            guard let mount else { return .absent }
            if mount.type == MountTable.lxcfsType {
                return mount.device == own.device ? .present : dead.contains(mount.device) ? .dead : .other
            }
            // What lies on procfs or sysfs itself, or where neither is mounted, is free.
            let isOver = mount.mountPoint.hasPrefix("/proc/") || mount.mountPoint.hasPrefix("/sys/")
            return isOver && mount.type != "proc" && mount.type != "sysfs" ? .other : .absent
        }
    }

    /// Who does not answer is not dead.
    private func deadDevices(among devices: Set<String>, _ places: [(path: String, mount: MountTableEntry?)]) -> Set<String> {
        var dead: Set<String> = []
        for device in devices {
            guard let path = places.first(where: { $0.mount?.device == device })?.path else { continue }
            do throws(MountNamespaceVisit.Failure) {
                let visit = try MountNamespaceVisit(
                    to: mounts.folder, mountPoint: own.path, device: own.device, copies: [], timeoutMilliseconds: 1000,
                    mostSilent: MountNamespaceVisit.mostSilentForAnybody)
                guard case .success(let place) = try visit.look(at: path), place.device == device, try visit.isDead() else { continue }
                dead.insert(device)
            } catch {
                continue
            }
        }
        return dead
    }
}
