/// What is in each folder cpuN of /sys/devices/system/cpu, or nodeN of /sys/devices/system/node: a fixed list of harmless files, no links and
/// nothing that can be written. A file's number is its node for ever, as in `ViewTable`; 0 is the folder itself.
struct NumberedFolder: Sendable {
    /// One file or folder inside.
    struct Entry: Sendable {
        enum Content: Sendable {
            case folder
            case file(SysReduction)
            /// A file with a view of its own, by the folder's number.
            case view(@Sendable (Int) -> any View)
        }

        let number: UInt8
        /// Relative to the numbered folder.
        let path: String
        let content: Content

        init(_ number: UInt8, _ path: String, _ reduction: SysReduction = .asItIs) {
            self.number = number
            self.path = path
            content = .file(reduction)
        }

        init(_ number: UInt8, _ path: String, view: @escaping @Sendable (Int) -> any View) {
            self.number = number
            self.path = path
            content = .view(view)
        }

        init(_ number: UInt8, folder path: String) {
            self.number = number
            self.path = path
            content = .folder
        }
    }

    /// Relative to /sys.
    let parent: String
    /// The name without the number.
    let prefix: String
    let entries: [Entry]
    private let positions: [Int?]

    init(in parent: String, prefix: String, _ entries: [Entry]) {
        self.parent = parent
        self.prefix = prefix
        self.entries = [Entry(0, folder: "")] + entries
        var positions = [Int?](repeating: nil, count: 256)
        for (position, entry) in self.entries.enumerated() { positions[Int(entry.number)] = position }
        self.positions = positions
    }

    /// The entry with this number.
    func entry(_ number: UInt8) -> Entry? {
        positions[Int(number)].map { entries[$0] }
    }

    /// Where an entry of the folder with this number is, relative to /sys.
    func path(_ entry: Entry, in number: Int) -> String {
        entry.path.isEmpty ? "\(parent)/\(prefix)\(number)" : "\(parent)/\(prefix)\(number)/\(entry.path)"
    }

    /// The number in a folder's name, as the kernel writes it: no sign, no zeros in front.
    func number(inName name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let digits = name.utf8.dropFirst(prefix.utf8.count)
        guard !digits.isEmpty, digits.count <= 4, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        return Int(String(digits) ?? "")
    }

    /// cpuN.
    static let cpu = NumberedFolder(
        in: "devices/system/cpu", prefix: "cpu",
        [
            Entry(1, "online", .one),
            Entry(2, "uevent"),
            Entry(3, "cpu_capacity"),
            Entry(4, "address"),
            Entry(5, "configure"),
            Entry(6, "polarization"),
            Entry(7, "modalias"),

            Entry(16, folder: "topology"),
            Entry(17, "topology/cluster_cpus", .cpuMask),
            Entry(18, "topology/cluster_cpus_list", .cpuList),
            Entry(19, "topology/cluster_id"),
            Entry(20, "topology/core_cpus", .cpuMask),
            Entry(21, "topology/core_cpus_list", .cpuList),
            Entry(22, "topology/core_id"),
            Entry(23, "topology/core_siblings", .cpuMask),
            Entry(24, "topology/core_siblings_list", .cpuList),
            Entry(25, "topology/die_cpus", .cpuMask),
            Entry(26, "topology/die_cpus_list", .cpuList),
            Entry(27, "topology/die_id"),
            Entry(28, "topology/package_cpus", .cpuMask),
            Entry(29, "topology/package_cpus_list", .cpuList),
            Entry(30, "topology/physical_package_id"),
            Entry(31, "topology/thread_siblings", .cpuMask),
            Entry(32, "topology/thread_siblings_list", .cpuList),
            Entry(33, "topology/book_id"),
            Entry(34, "topology/book_siblings", .cpuMask),
            Entry(35, "topology/book_siblings_list", .cpuList),
            Entry(36, "topology/drawer_id"),
            Entry(37, "topology/drawer_siblings", .cpuMask),
            Entry(38, "topology/drawer_siblings_list", .cpuList),
            Entry(39, "topology/dedicated"),

            Entry(64, folder: "cpufreq"),
            Entry(65, "cpufreq/affected_cpus", .cpuWords),
            Entry(66, "cpufreq/base_frequency"),
            Entry(67, "cpufreq/bios_limit"),
            Entry(68, "cpufreq/cpuinfo_max_freq"),
            Entry(69, "cpufreq/cpuinfo_min_freq"),
            Entry(70, "cpufreq/cpuinfo_transition_latency"),
            Entry(71, "cpufreq/related_cpus", .cpuWords),
            Entry(72, "cpufreq/scaling_available_frequencies"),
            Entry(73, "cpufreq/scaling_available_governors"),
            Entry(74, "cpufreq/scaling_cur_freq"),
            Entry(75, "cpufreq/scaling_driver"),
            Entry(76, "cpufreq/scaling_governor"),
            Entry(77, "cpufreq/scaling_max_freq"),
            Entry(78, "cpufreq/scaling_min_freq"),
            Entry(79, "cpufreq/freqdomain_cpus", .cpuWords),

            Entry(96, folder: "regs"),
            Entry(97, folder: "regs/identification"),
            Entry(98, "regs/identification/midr_el1"),
            Entry(99, "regs/identification/revidr_el1"),

            Entry(112, folder: "cache"),
        ] + cacheIndexes)

    /// The levels of the cache: index K begins at 128 + 16 K.
    private static let cacheIndexes: [Entry] = (0..<8).flatMap { index -> [Entry] in
        let first = 128 + 16 * UInt8(index)
        let folder = "cache/index\(index)"
        return [
            Entry(first, folder: folder),
            Entry(first + 1, folder + "/allocation_policy"),
            Entry(first + 2, folder + "/coherency_line_size"),
            Entry(first + 3, folder + "/id"),
            Entry(first + 4, folder + "/level"),
            Entry(first + 5, folder + "/number_of_sets"),
            Entry(first + 6, folder + "/physical_line_partition"),
            Entry(first + 7, folder + "/shared_cpu_list", .cpuList),
            Entry(first + 8, folder + "/shared_cpu_map", .cpuMask),
            Entry(first + 9, folder + "/size"),
            Entry(first + 10, folder + "/type"),
            Entry(first + 11, folder + "/ways_of_associativity"),
            Entry(first + 12, folder + "/write_policy"),
        ]
    }

    /// nodeN.
    static let memoryNode = NumberedFolder(
        in: "devices/system/node", prefix: "node",
        [
            Entry(1, "cpulist", .cpuList),
            Entry(2, "cpumap", .cpuMask),
            Entry(3, "distance", .nodeColumns),
            Entry(4, "meminfo", view: { NodeMeminfoView(node: $0) }),
            Entry(5, "uevent"),
        ])
}
