internal import Cgroups
internal import ContainerViews
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// What is known of a pid namespace: its init, where that init was last seen, and the container that follows from it.
struct PIDNamespaceEntry: Sendable {
    /// pid 1 of the namespace, held so that its end is noticed.
    let initProcess: ProcessDescriptor
    /// The pid of `initProcess` as the daemon sees it.
    let initPID: Int32
    /// The same of the init of `outermost`.
    let outermostPID: Int32
    /// The pid namespace by whose init the container's age is counted: the outermost one whose init is in the same cgroups.
    let outermost: PIDNamespaceLife
    /// The namespace itself.
    let life: PIDNamespaceLife
    /// The text of /proc/PID/cgroup of the init when it was last read.
    var cgroupText: [UInt8]
    /// The container of a caller whose own /proc/PID/cgroup has exactly that text.
    var scope: ContainerScope
}

/// A pid namespace. The kernel gives a freed inode number to the next namespace at once, so the number alone does not name it.
struct PIDNamespaceLife: Hashable, Sendable {
    let inode: UInt64
    /// When its init started, in nanoseconds of CLOCK_BOOTTIME.
    let startedAt: UInt64
}

/// What makes two callers members of the same container.
struct ScopeKey: Hashable, Sendable {
    /// The cgroup in each hierarchy, in the layout's order.
    let paths: [CgroupPath?]
    /// The inode of each of these cgroups, 0 where there is none: a cgroup made again under the same name is another one.
    let inodes: [UInt64]
    /// The pid namespace that the container lives in; `nil` for members of the daemon's own.
    let namespace: PIDNamespaceLife?
}

/// By what a container is found: in this process, and in the records that outlive it.
struct ContainerNames {
    /// The cgroups of the membership that can be opened, root cgroups left out.
    let cgroups: [Cgroup]
    let key: ScopeKey
    let record: ContainerKey

    init(_ membership: CgroupMembership, _ cgroups: [Cgroup], _ namespace: PIDNamespaceLife?) {
        self.cgroups = cgroups
        key = ScopeKey(paths: membership.paths, inodes: cgroups.map(\.inode), namespace: namespace)
        record = ContainerKey(cgroups: cgroups.map { ($0.device, $0.inode) }, namespace: namespace)
    }
}

/// A container with the cgroups that make it up, root cgroups left out.
struct KnownContainer: Sendable {
    let scope: ContainerScope
    /// What its runtime calls it.
    let id: ContainerID
    /// Its cgroup in each hierarchy.
    let membership: CgroupMembership
    /// The pid namespace that it lives in; `nil` for the daemon's own.
    let namespace: PIDNamespaceLife?
    let cgroups: [Cgroup]
    /// Where what it was shown is kept for a successor.
    let record: ContainerRecord

    /// What names it for a successor.
    var recordKey: ContainerKey { ContainerNames(membership, cgroups, namespace).record }

    /// The cgroup that holds all its tasks, with those below it.
    var taskCgroup: Cgroup? { cgroups.max { $0.path.bytes.count < $1.path.bytes.count } }

    /// A container that nobody has asked for yet.
    init(
        _ layout: CgroupLayout, _ membership: CgroupMembership, _ cgroups: [Cgroup], namespace: PIDNamespaceLife?, startedAt: UInt64
    ) throws(Errno) {
        let name = cgroups.map(\.path).max { $0.bytes.count < $1.bytes.count }?.text ?? "/"
        record = ContainerRecord()
        scope = try ContainerScope(layout: layout, membership: membership, name: name, startedAt: startedAt, accumulators: record)
        id = ContainerID(of: membership.paths.compactMap { $0 })
        self.membership = membership
        self.namespace = namespace
        self.cgroups = cgroups
    }

    /// The host itself.
    init(host scope: ContainerScope, _ membership: CgroupMembership) {
        self.scope = scope
        self.membership = membership
        id = .host
        namespace = nil
        cgroups = []
        record = ContainerRecord()
    }

    /// When it was last asked for, in nanoseconds of CLOCK_MONOTONIC.
    var lastUse: UInt64 { scope.lastUse.load(ordering: .relaxed) }
}
