package import ProcText

// What all conformers ask of a cgroup: one number, a limit along the ancestors, the nearest cgroup that accounts at all.
extension Cgroup {
    /// The number that the file holds; `nil` where the file is absent, empty, `max`, or no number.
    package func number(_ file: CgroupFile, _ text: inout InputText) throws(CgroupError) -> UInt64? {
        guard try read(file, into: &text) else { return nil }
        var scanner = text.scanner
        return scanner.decimal()
    }

    /// The smallest number that the file holds in this cgroup and its ancestors. Levels without the file, or whose file holds
    /// no number (`max`, -1), do not limit; nor does the true root of a hierarchy, for which the kernel takes no limit.
    /// - Parameter unlimited: this and everything above it means no limit.
    package func smallestLimit(_ file: CgroupFile, unlimited: UInt64 = .max, _ text: inout InputText) throws(CgroupError) -> Limit {
        var smallest = Limit.none
        var level: Cgroup? = self
        while let cgroup = level, !cgroup.isHierarchyRoot {
            if let value = try cgroup.number(file, &text), value < unlimited, value < smallest.value ?? .max {
                smallest = Limit(value: value, source: cgroup, file: file)
            }
            level = cgroup.parent
        }
        return smallest
    }

    /// Reads the file of this cgroup, or of the nearest ancestor that has it: on version 2, what a cgroup uses of a controller that
    /// is not enabled for it is accounted there. The root is left out: what it accounts is the host.
    package func readNearest(_ file: CgroupFile, into text: inout InputText) throws(CgroupError) -> Bool {
        var level: Cgroup? = self
        while let cgroup = level, !cgroup.path.isRoot {
            if try cgroup.read(file, into: &text) { return true }
            level = cgroup.parent
        }
        text.count = 0
        return false
    }

    /// The number that `readNearest` finds.
    package func nearestNumber(_ file: CgroupFile, _ text: inout InputText) throws(CgroupError) -> UInt64? {
        guard try readNearest(file, into: &text) else { return nil }
        var scanner = text.scanner
        return scanner.decimal()
    }
}
