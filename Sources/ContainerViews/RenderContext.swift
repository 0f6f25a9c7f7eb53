package import Cgroups
package import HostProc
package import LinuxSystem
package import ProcText

/// What a view is given beside the container: the host's files, the time, the settings, memory to work in, and the text to write.
///
/// One worker thread owns one and uses it for one view after the other, so that a warm render allocates nothing.
package struct RenderContext: ~Copyable {
    /// The host's files.
    package var host: HostFiles
    /// CLOCK_BOOTTIME in nanoseconds, at the start of this render.
    package var now: UInt64 = 0
    /// What the operator chose.
    package var settings: ViewSettings
    /// The pid of the caller as the daemon sees it; 0 where it is not visible.
    package var callerPID: Int32 = 0
    /// Whether only the length of the text is wanted, for stat(2). A runtime asks for it before it has set the limits: nothing of that may be
    /// remembered as shown to the container.
    package var isOnlyMeasured = false
    /// The text of the view.
    package var output = TextBuffer()
    /// Scratch memory for cgroup files.
    package var cgroupText = InputText()
    /// Scratch memory for the host's file.
    package var hostText = InputText(capacity: 16384)
    /// Scratch memory for CPU sets.
    package var cpus = CPUSet()
    /// The container's CPUs, where a view has read them.
    package var cpu = CPUView()
    /// The container's memory nodes, where a view has read them.
    package var memoryNodes = MemoryNodesView()
    /// Counts the tasks of a container for the first reader of its load averages and gives the count to `ContainerScope.load`.
    package var sampleLoad: (@Sendable (ContainerScope) -> Void)?
    /// The host's boot time, kept for a while.
    var bootTime: BootTime?
    /// Scratch memory for the topology of the container's CPUs.
    var topology = CPUTopology()
    /// Scratch memory for block devices.
    package var devices: [DeviceIO] = []

    /// A context for one thread.
    package init(_ host: HostFilesystem, settings: ViewSettings) {
        self.host = HostFiles(host)
        self.settings = settings
    }
}

/// What the operator chose for all containers.
package struct ViewSettings: Sendable {
    /// `-u`: no swap anywhere.
    package var hidesSwap = false
    /// `--disable-zswap`: Zswap and Zswapped are 0.
    package var hidesZswap = false
    /// `--cpu-count cpuset`: the quota does not change the number of CPUs.
    package var ignoresQuota = false

    package init() {}
}
