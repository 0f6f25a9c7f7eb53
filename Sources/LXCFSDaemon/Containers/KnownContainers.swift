internal import Cgroups
internal import ContainerViews
internal import LinuxSystem
internal import Synchronization

/// What is known of a pid namespace: its init, where that init was last seen, and the container that follows from it.
struct PIDNamespaceEntry: Sendable {
    /// pid 1 of the namespace, held so that its end is noticed.
    let initProcess: ProcessDescriptor
    /// The pid of `initProcess` as the daemon sees it.
    let initPID: Int32
    /// The pid namespace by whose init the container's age is counted: the outermost one whose init is in the same cgroups.
    let outermost: PIDNamespaceLife
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

/// A container with the cgroups that make it up, root cgroups left out.
struct KnownContainer: Sendable {
    let scope: ContainerScope
    let cgroups: [Cgroup]
    /// Where what it was shown is kept for a successor.
    let record: ContainerRecord

    /// The cgroup that holds all its tasks, with those below it.
    var taskCgroup: Cgroup? { cgroups.max { $0.path.bytes.count < $1.path.bytes.count } }

    /// When it was last asked for, in nanoseconds of CLOCK_MONOTONIC.
    var lastUse: UInt64 { scope.lastUse.load(ordering: .relaxed) }
}
