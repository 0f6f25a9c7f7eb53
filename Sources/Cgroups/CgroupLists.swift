package import ProcText

/// Who leaves a container not all of what there is.
package struct ListRestriction: Sendable {
    /// What is left.
    package let set: CPUSet
    /// The outermost cgroup that has no more than that.
    package let source: Cgroup
    /// The file that says so.
    package let file: CgroupFile
}

extension Cgroup {
    /// Adds the list that `file`, or else `older`, holds in the nearest cgroup upwards where it is not empty; `false` where there is none.
    func nearestList(
        _ file: CgroupFile, _ older: CgroupFile?, _ text: inout InputText, into set: inout CPUSet
    ) throws(CgroupError) -> Bool {
        var level: Cgroup? = self
        while let here = level {
            if try here.list(file, &text, into: &set) { return true }
            if let older, try here.list(older, &text, into: &set) { return true }
            level = here.parent
        }
        return false
    }

    private func list(_ file: CgroupFile, _ text: inout InputText, into set: inout CPUSet) throws(CgroupError) -> Bool {
        guard try read(file, into: &text) else { return false }
        let before = set.count
        var scanner = text.scanner
        set.formUnion(list: &scanner)
        return set.count > before
    }

    /// The outermost cgroup upwards whose list is no longer than the one that holds for this cgroup, and not all that its hierarchy has; `nil` where there is none.
    /// - Parameters:
    ///   - file: what holds.
    ///   - configured: what was asked for.
    func restriction(
        _ file: CgroupFile, setBy configured: CgroupFile, _ text: inout InputText
    ) throws(CgroupError) -> ListRestriction? {
        var restricting: (cgroup: Cgroup, set: CPUSet)?
        var level: Cgroup? = self
        while let here = level {
            var set = CPUSet()
            var isListed = try here.list(file, &text, into: &set)
            if !isListed { isListed = try here.list(configured, &text, into: &set) }
            if isListed {
                guard let known = restricting else {
                    restricting = (here, set)
                    level = here.parent
                    continue
                }
                if known.set != set { break }
                restricting = (here, known.set)
            }
            level = here.parent
        }
        // Nobody above has more.
        guard let restricting, level != nil else { return nil }
        var asked = CPUSet()
        let isAsked = try restricting.cgroup.list(configured, &text, into: &asked)
        return ListRestriction(set: restricting.set, source: restricting.cgroup, file: isAsked ? configured : file)
    }
}
