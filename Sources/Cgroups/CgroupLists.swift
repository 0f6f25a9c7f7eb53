internal import ProcText

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
}
