internal import Cgroups

/// The table of contents: every virtual file and folder that is always at the same place. What is below cpuN and nodeN: `NumberedFolder`.
///
/// An entry's number is its node for ever: a new file takes a number that was never used, a number that is given up is not used again.
/// A path is below the mount point and below the host's root alike. Where the host has no such file, the container has none either.
package enum ViewTable {
    static let entries: [ViewEntry] = [
        ViewEntry(2, folder: "proc"),
        ViewEntry(3, folder: "proc/pressure"),
        ViewEntry(4, folder: "sys"),
        ViewEntry(5, folder: "sys/devices"),
        ViewEntry(6, folder: "sys/devices/system"),
        ViewEntry(7, folder: "sys/devices/system/cpu"),
        ViewEntry(8, folder: "sys/devices/system/node"),
        ViewEntry(9, folder: "sys/devices/system/cpu/smt"),
        ViewEntry(10, folder: "sys/devices/system/cpu/vulnerabilities"),

        ViewEntry(16, "proc/cpuinfo", CPUInfoView()),
        ViewEntry(17, "proc/diskstats", DiskstatsView()),
        ViewEntry(18, "proc/loadavg", LoadavgView()),
        ViewEntry(19, "proc/meminfo", MeminfoView()),
        ViewEntry(20, "proc/slabinfo", mode: 0o400, SlabinfoView()),
        ViewEntry(21, "proc/stat", StatView()),
        ViewEntry(22, "proc/swaps", SwapsView()),
        ViewEntry(23, "proc/uptime", UptimeView()),
        ViewEntry(24, "proc/vmstat", VmstatView()),

        ViewEntry(32, "proc/pressure/cpu", PressureView(.cpu)),
        ViewEntry(33, "proc/pressure/io", PressureView(.io)),
        ViewEntry(34, "proc/pressure/irq", PressureView(.irq)),
        ViewEntry(35, "proc/pressure/memory", PressureView(.memory)),

        ViewEntry(48, "sys/devices/system/cpu/online", CPUListView("devices/system/cpu/online")),
        ViewEntry(49, "sys/devices/system/cpu/possible", CPUListView("devices/system/cpu/possible")),
        ViewEntry(50, "sys/devices/system/cpu/present", CPUListView("devices/system/cpu/present")),
        ViewEntry(51, sys: "devices/system/cpu/offline", .cpuList),
        ViewEntry(52, sys: "devices/system/cpu/isolated", .cpuList),
        ViewEntry(53, sys: "devices/system/cpu/enabled", .cpuList),
        ViewEntry(54, sys: "devices/system/cpu/nohz_full", .cpuList),
        ViewEntry(55, sys: "devices/system/cpu/kernel_max", .asItIs),
        ViewEntry(56, sys: "devices/system/cpu/modalias", .asItIs),
        ViewEntry(57, sys: "devices/system/cpu/uevent", .asItIs),
        ViewEntry(58, sys: "devices/system/cpu/smt/active", .asItIs),
        ViewEntry(59, sys: "devices/system/cpu/smt/control", .asItIs),

        ViewEntry(64, sys: "devices/system/cpu/vulnerabilities/gather_data_sampling", .asItIs),
        ViewEntry(65, sys: "devices/system/cpu/vulnerabilities/ghostwrite", .asItIs),
        ViewEntry(66, sys: "devices/system/cpu/vulnerabilities/indirect_target_selection", .asItIs),
        ViewEntry(67, sys: "devices/system/cpu/vulnerabilities/itlb_multihit", .asItIs),
        ViewEntry(68, sys: "devices/system/cpu/vulnerabilities/l1tf", .asItIs),
        ViewEntry(69, sys: "devices/system/cpu/vulnerabilities/mds", .asItIs),
        ViewEntry(70, sys: "devices/system/cpu/vulnerabilities/meltdown", .asItIs),
        ViewEntry(71, sys: "devices/system/cpu/vulnerabilities/mmio_stale_data", .asItIs),
        ViewEntry(72, sys: "devices/system/cpu/vulnerabilities/old_microcode", .asItIs),
        ViewEntry(73, sys: "devices/system/cpu/vulnerabilities/reg_file_data_sampling", .asItIs),
        ViewEntry(74, sys: "devices/system/cpu/vulnerabilities/retbleed", .asItIs),
        ViewEntry(75, sys: "devices/system/cpu/vulnerabilities/spec_rstack_overflow", .asItIs),
        ViewEntry(76, sys: "devices/system/cpu/vulnerabilities/spec_store_bypass", .asItIs),
        ViewEntry(77, sys: "devices/system/cpu/vulnerabilities/spectre_v1", .asItIs),
        ViewEntry(78, sys: "devices/system/cpu/vulnerabilities/spectre_v2", .asItIs),
        ViewEntry(79, sys: "devices/system/cpu/vulnerabilities/srbds", .asItIs),
        ViewEntry(80, sys: "devices/system/cpu/vulnerabilities/tsa", .asItIs),
        ViewEntry(81, sys: "devices/system/cpu/vulnerabilities/tsx_async_abort", .asItIs),
        ViewEntry(82, sys: "devices/system/cpu/vulnerabilities/vmscape", .asItIs),

        ViewEntry(112, "sys/devices/system/node/online", NodeListView("devices/system/node/online")),
        ViewEntry(113, "sys/devices/system/node/possible", NodeListView("devices/system/node/possible")),
        ViewEntry(114, sys: "devices/system/node/has_cpu", .nodeList(.withCPUs)),
        ViewEntry(115, sys: "devices/system/node/has_memory", .nodeList(.withMemory)),
        ViewEntry(116, sys: "devices/system/node/has_normal_memory", .nodeList(.withMemory)),
        ViewEntry(117, sys: "devices/system/node/has_high_memory", .nodeList(.withMemory)),
        ViewEntry(118, sys: "devices/system/node/has_generic_initiator", .nodeList(.all)),
        ViewEntry(119, sys: "devices/system/node/uevent", .asItIs),
    ]
}

/// A file or folder that is always at the same place.
struct ViewEntry: Sendable {
    let number: UInt8
    /// Without a slash in front.
    let path: String
    /// Permission bits.
    let mode: UInt32
    /// What writes the file; `nil` for a folder.
    let view: (any View)?

    init(_ number: UInt8, _ path: String, mode: UInt32 = 0o444, _ view: any View) {
        self.number = number
        self.path = path
        self.mode = mode
        self.view = view
    }

    /// A file below /sys that is the host's, reduced to what the container has.
    init(_ number: UInt8, sys path: String, _ reduction: SysReduction) {
        self.init(number, "sys/" + path, SysFileView(path, reduction))
    }

    init(_ number: UInt8, folder path: String) {
        self.number = number
        self.path = path
        mode = 0o555
        view = nil
    }
}
