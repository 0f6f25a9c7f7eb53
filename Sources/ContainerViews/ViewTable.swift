internal import Cgroups

/// The table of contents: every virtual file that depends on the container, and the view that writes it.
package enum ViewTable {
    /// One virtual file.
    package struct Entry: Sendable {
        /// Below the mount point and below the host's root alike: `proc/meminfo`.
        package let path: String
        /// What writes it.
        package let view: any View

        package init(_ path: String, _ view: any View) {
            self.path = path
            self.view = view
        }
    }

    /// The files that every host has at the same place.
    package static let files: [Entry] = [
        Entry("proc/diskstats", DiskstatsView()),
        Entry("proc/meminfo", MeminfoView()),
        Entry("proc/pressure/cpu", PressureView(.cpu)),
        Entry("proc/pressure/io", PressureView(.io)),
        Entry("proc/pressure/irq", PressureView(.irq)),
        Entry("proc/pressure/memory", PressureView(.memory)),
        Entry("proc/slabinfo", SlabinfoView()),
        Entry("proc/swaps", SwapsView()),
        Entry("proc/vmstat", VmstatView()),
    ]

    /// The view of the file at `path`; for tests and tools, as the daemon dispatches by node and not by name.
    package static func view(at path: String) -> (any View)? {
        files.first { $0.path == path }?.view ?? NodeMeminfoView(path: path)
    }
}
