/// How many of the container's CPUs share a package, and how many cores they are: `siblings` and `cpu cores` of /proc/cpuinfo.
///
/// Filled anew for each text; keeps its memory.
struct CPUTopology: Sendable {
    /// One CPU of the container, or none.
    private struct Entry {
        var package: UInt64
        var core: UInt64
    }

    private struct Package {
        var id: UInt64
        var siblings: UInt64
        var cores: UInt64
    }

    private var packages: [Package] = []
    /// The different cores, by hash; open addressing.
    private var cores: [Entry?] = []
    private var coreCount = 0

    /// Forgets all CPUs.
    mutating func removeAll() {
        packages.removeAll(keepingCapacity: true)
        for index in cores.indices { cores[index] = nil }
        coreCount = 0
    }

    /// Adds one CPU by the ids that the kernel prints.
    mutating func insert(package: UInt64, core: UInt64) {
        let isNewCore = insertCore(Entry(package: package, core: core))
        if let index = packages.firstIndex(where: { $0.id == package }) {
            packages[index].siblings += 1
            if isNewCore { packages[index].cores += 1 }
        } else {
            packages.append(Package(id: package, siblings: 1, cores: 1))
        }
    }

    /// How many CPUs were added that are in this package.
    func siblings(inPackage package: UInt64) -> UInt64? { packages.first { $0.id == package }?.siblings }

    /// How many different cores they are.
    func cores(inPackage package: UInt64) -> UInt64? { packages.first { $0.id == package }?.cores }

    private mutating func insertCore(_ core: Entry) -> Bool {
        if (coreCount + 1) * 2 > cores.count { grow() }
        var slot = self.slot(core)
        while let other = cores[slot] {
            if other.package == core.package, other.core == core.core { return false }
            slot = (slot + 1) & (cores.count - 1)
        }
        cores[slot] = core
        coreCount += 1
        return true
    }

    private mutating func grow() {
        let old = cores
        cores = [Entry?](repeating: nil, count: max(64, old.count * 2))
        for core in old {
            guard let core else { continue }
            var slot = self.slot(core)
            while cores[slot] != nil { slot = (slot + 1) & (cores.count - 1) }
            cores[slot] = core
        }
    }

    private func slot(_ core: Entry) -> Int {
        let hash = (core.package &* 0x9e37_79b9_7f4a_7c15 ^ core.core) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: hash >> 32) & (cores.count - 1)
    }
}
