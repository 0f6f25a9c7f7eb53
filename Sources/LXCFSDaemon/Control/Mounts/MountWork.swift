internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// What is done with the mounts of one container.
///
/// Nothing is ever put over, or taken away, but at a place that has just been looked at and is held open: our own file system, a dead one of another
/// lxcfs, procfs or sysfs. Symbolic links are not followed, so what a container makes of its own /proc leads nowhere else.
struct MountWork {
    /// How long Repair may take for all containers, in nanoseconds. One container: each answer 3 seconds, and three that do not come.
    static let longestRepair: UInt64 = 60_000_000_000
    private static let mostSilences = 3
    /// Mounts that are stacked at one place, looked through.
    private static let deepestStack = 64

    private let mounts: MountsOfProcess
    private let own: OwnMount
    private let hostGroups: Set<Substring>
    private let silent: SilentFileSystems

    /// - Parameters:
    ///   - hostGroups: what is mounted on a mount of these peer groups shows on the host too.
    ///   - silent: file systems that are not to be asked; those that do not answer are added.
    init(_ mounts: MountsOfProcess, _ own: OwnMount, hostGroups: Set<Substring>, silent: SilentFileSystems = SilentFileSystems()) {
        self.mounts = mounts
        self.own = own
        self.hostGroups = hostGroups
        self.silent = silent
    }

    /// A file of ours and a place.
    private struct Job {
        /// Below our mount point, without a slash in front; empty for all of it.
        let file: String
        let destination: String

        func target(_ outcome: Target.Outcome, _ reason: String? = nil) -> Target {
            Target(file: file, destination: destination, outcome: outcome, reason: reason)
        }
    }

    /// One place: who stands there, and the number of the copy for it.
    private struct Spot {
        let job: Job
        let visit: MountNamespaceVisit
        let index: Int
    }

    func attach(_ items: [MountCatalogue.Item]) throws(ControlFault) -> [Target] {
        try run(items.map { Job(file: $0.file, destination: $0.destination) }, attach)
    }

    /// Also where an enclosing folder was bound, or something inside: as long as all of it is asked for.
    func detach(_ items: [MountCatalogue.Item]) throws(ControlFault) -> [Target] {
        var jobs: [Job] = []
        let destinations = Set(items.map(\.destination))
        for mount in mounts.table.entries where mount.type == MountTable.lxcfsType {
            let covered = MountWork.catalogued.filter { $0.hasPrefix(mount.mountPoint + "/") }
            let isInside = destinations.contains { mount.mountPoint.hasPrefix($0 + "/") }
            if isInside || !covered.isEmpty && mount.mountPoint != "/" && covered.allSatisfy(destinations.contains) {
                jobs.append(Job(file: String(mount.mountPoint.dropFirst()), destination: mount.mountPoint))
            }
        }
        return try run(jobs + items.map { Job(file: $0.file, destination: $0.destination) }, detach)
    }

    func repair() throws(ControlFault) -> [Target] {
        try run(MountWork.jobs(in: mounts, own), repair)
    }

    /// What `repair` would look at, all failed.
    static func failures(in mounts: MountsOfProcess, _ own: OwnMount, _ reason: String) -> [Target] {
        jobs(in: mounts, own).map { $0.target(.failed, reason) }
    }

    /// One for each place where another lxcfs is or was: the same file of ours.
    private static func jobs(in mounts: MountsOfProcess, _ own: OwnMount) -> [Job] {
        var seen: Set<String> = []
        return mounts.table.foreign(to: own.device).reversed().compactMap { mount in
            guard mount.mountPoint != "/", seen.insert(mount.mountPoint).inserted else { return nil }
            // What the kernel adds to the path of a file that was removed.
            let root = mount.root.hasSuffix("//deleted") ? String(mount.root.dropLast("//deleted".count)) : mount.root
            return Job(file: String(root.drop { $0 == "/" }), destination: mount.mountPoint)
        }.reversed()
    }

    private static let catalogued = MountCatalogue.everything.map { "/" + $0 }

    // MARK: - Visiting

    /// Does one job after the other. Where somebody does not answer, that job has failed, and the others are done by another visit.
    private func run(_ jobs: [Job], _ body: (Spot) throws(MountNamespaceVisit.Failure) -> Target) throws(ControlFault) -> [Target] {
        var targets: [Target] = []
        var silences = 0
        while targets.count < jobs.count {
            let batch = Array(jobs[targets.count...].prefix(MountNamespaceVisit.mostCopies))
            guard silences < MountWork.mostSilences else {
                targets += batch.map { $0.target(.failed, "given up: file systems of the container do not answer") }
                continue
            }
            do throws(MountNamespaceVisit.Failure) {
                let visit = try enter(copies: batch.map(\.file))
                for (index, job) in batch.enumerated() {
                    targets.append(try body(Spot(job: job, visit: visit, index: index)))
                }
            } catch .silent {
                silences += 1
                targets.append(
                    jobs[targets.count].target(
                        .failed, "whoever serves it, or what is on the way to it, does not answer: it was left alone"))
            } catch {
                guard !targets.isEmpty else { throw fault(error) }
                targets += jobs[targets.count...].prefix(batch.count).map { $0.target(.failed, fault(error).reason) }
            }
        }
        return targets
    }

    private func enter(copies: [String]) throws(MountNamespaceVisit.Failure) -> MountNamespaceVisit {
        let visit = try MountNamespaceVisit(to: mounts.folder, mountPoint: own.path, device: own.device, copies: copies)
        // The process may have gone elsewhere since it was looked at: to the host's namespace even.
        guard visit.namespace == mounts.namespace else { throw .noProcess }
        return visit
    }

    private func fault(_ failure: MountNamespaceVisit.Failure) -> ControlFault {
        switch failure {
        case .mountIsDead: .mountIsDead(at: own.path, "\(own.path) is not the mount of this lxcfs any more: restart it")
        case .noProcess: MountsOfProcess.missing(mounts.pid)
        case .notSupported:
            .mountsUnreachable(mounts.pid, "mounts can be put into running containers since Linux 5.2; this kernel is older")
        case .refused(.notPermitted), .refused(.permissionDenied):
            .mountsUnreachable(
                mounts.pid,
                "the kernel does not let the daemon into the container: it needs CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE, and RestrictNamespaces= of its service must allow mnt"
            )
        case .refused(let error): .mountsUnreachable(mounts.pid, "the container's mounts cannot be entered: \(error)")
        case .silent: .mountsUnreachable(mounts.pid, "what is mounted in the container does not answer")
        case .tooManySilent:
            .unavailable(
                "in \(MountNamespaceVisit.mostSilent) containers something that is mounted has not answered yet; end these containers first"
            )
        }
    }

    // MARK: - At one place

    private func attach(_ spot: Spot) throws(MountNamespaceVisit.Failure) -> Target {
        let job = spot.job
        var wasDead = false
        for _ in 0..<MountWork.deepestStack {
            let place: MountNamespaceVisit.Place
            switch try look(spot) {
            case .failure(let target): return target
            case .success(let found): place = found
            }
            if place.device == own.device { return job.target(wasDead ? .replaced : .present) }
            let type = mounts.table.type(ofDevice: place.device)
            if type == MountTable.lxcfsType {
                guard try isDead(place, spot) else {
                    return wasDead
                        ? job.target(.removed, "another lxcfs serves what was below")
                        : job.target(.skipped, "another lxcfs serves it, or did not answer")
                }
                let missing = try spot.visit.fault(ofCopy: spot.index)
                if let refused = guardingHost(job) ?? missingCopy(missing, job) { return refused }
                wasDead = true
                // What the container's user namespace has inherited stays: it is covered.
                if try spot.visit.removeMount() == nil { continue }
                _ = try look(spot)
            } else if !wasDead, type != "proc", type != "sysfs" {
                // Under a dead one lies what its maker had put it over.
                return job.target(.skipped, "\(type ?? "something else") is there, not the kernel's own file")
            }
            if let refused = guardingHost(job) { return refused }
            return try spot.visit.place(copy: spot.index).map { failed(job, $0) } ?? job.target(wasDead ? .replaced : .mounted)
        }
        return job.target(.failed, "more than \(MountWork.deepestStack) dead mounts lie there")
    }

    private func detach(_ spot: Spot) throws(MountNamespaceVisit.Failure) -> Target {
        let job = spot.job
        var count = 0
        for _ in 0..<MountWork.deepestStack {
            let place: MountNamespaceVisit.Place
            switch try look(spot) {
            case .failure(let target): return count > 0 ? job.target(.removed) : target
            case .success(let found): place = found
            }
            if place.device != own.device {
                let isForeign = mounts.table.type(ofDevice: place.device) == MountTable.lxcfsType
                let isDead = isForeign ? try self.isDead(place, spot) : false
                if !isDead, count > 0 { break }
                if !isDead {
                    return job.target(.skipped, isForeign ? "another lxcfs serves it, or did not answer" : "nothing of lxcfs is there")
                }
            }
            if let refused = guardingHost(job) { return refused }
            if let error = try spot.visit.removeMount() {
                let holder = mounts.table.mount(holding: job.destination)?.mountPoint
                guard let holder, holder != job.destination else {
                    return job.target(
                        .failed, "the kernel does not let it be unmounted (\(error)): it was there before the container's user namespace")
                }
                return job.target(.skipped, "it is a part of the mount at \(holder), which was not asked for as a whole")
            }
            count += 1
        }
        return job.target(.removed)
    }

    private func repair(_ spot: Spot) throws(MountNamespaceVisit.Failure) -> Target {
        let job = spot.job
        let target = try attach(spot)
        // At a place where only what is dead is replaced, anything else is fine.
        return target.outcome == .mounted ? job.target(.replaced) : target
    }

    // MARK: - Looking

    private func look(_ spot: Spot) throws(MountNamespaceVisit.Failure) -> LookResult {
        let job = spot.job
        switch try spot.visit.look(at: job.destination) {
        case .success(let place) where place.isSymbolicLink:
            return .failure(job.target(.failed, "it is a symbolic link, which is not followed"))
        case .success(let place): return .success(place)
        case .failure(.noSuchFileOrDirectory): return .failure(job.target(.skipped, "the container has no such place"))
        case .failure(.notDirectory):
            return .failure(job.target(.skipped, "something on the way to it is no folder; symbolic links are not followed"))
        case .failure(let error): return .failure(failed(job, error))
        }
    }

    private enum LookResult {
        case success(MountNamespaceVisit.Place)
        case failure(Target)
    }

    private func isDead(_ place: MountNamespaceVisit.Place, _ spot: Spot) throws(MountNamespaceVisit.Failure) -> Bool {
        if silent.devices.contains(place.device) { return false }
        do throws(MountNamespaceVisit.Failure) {
            return try spot.visit.isDead()
        } catch {
            if error == .silent { silent.devices.insert(place.device) }
            throw error
        }
    }

    private func missingCopy(_ error: Errno?, _ job: Job) -> Target? {
        error.map {
            $0 == .noSuchFileOrDirectory || $0 == .notDirectory
                ? job.target(.failed, "it is dead, but this lxcfs does not serve \(job.file): detach it") : failed(job, $0)
        }
    }

    /// Nothing that shows on the host is changed.
    private func guardingHost(_ job: Job) -> Target? {
        guard let group = MountTable.peerGroup(of: mounts.table.mount(below: job.destination)), hostGroups.contains(group) else {
            return nil
        }
        return job.target(.failed, "what is mounted there would show on the host: the mount below is shared with it")
    }

    private func failed(_ job: Job, _ error: Errno) -> Target {
        job.target(.failed, "the kernel says: \(error)")
    }
}

/// File systems that have not answered in one call, by their devices. For one thread.
final class SilentFileSystems {
    var devices: Set<String> = []
}
