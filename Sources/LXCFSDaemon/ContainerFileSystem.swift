internal import ContainerViews
internal import FUSE
internal import LinuxSystem
internal import ProcText
internal import Synchronization
internal import SystemPackage

/// The file system of views: FUSE's questions on one side, containers and views on the other.
///
/// Which files there are says `ViewTable`. What a folder of CPUs holds depends on who asks, so names in it are never remembered by the
/// kernel; all other names are. Sizes are never remembered: they are the length of what this caller would read now.
final class ContainerFileSystem: FileSystem {
    /// Seconds that the kernel may remember a name that is the same for everyone.
    private static let entryTimeout: Double = 3600
    /// The largest text that is kept for the case that the view fails the next time, in bytes, and all such texts of a container together.
    private static let largestLastGood = 8192
    private static let mostLastGood = 32768

    private let resolver: ScopeResolver
    private let contexts: ExclusivePool<RenderContext>
    private let openFiles = OpenFileTable()
    private let fallbacks: FallbackLog
    private let showsHost = Atomic<Bool>(false)

    init(_ host: HostFilesystem, resolver: ScopeResolver, settings: ViewSettings, fallbacks: FallbackLog) {
        self.resolver = resolver
        self.fallbacks = fallbacks
        contexts = ExclusivePool { RenderContext(host, settings: settings) }
    }

    /// SIGUSR2: everyone sees the host's values, or their own again.
    /// - Returns: whether the views are the containers' own now.
    func toggleVirtualization() -> Bool {
        showsHost.logicalXor(true, ordering: .relaxed).oldValue
    }
