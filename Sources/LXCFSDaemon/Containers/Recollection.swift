internal import LinuxSystem
internal import ProcText

extension ScopeResolver {
    /// Takes up the containers that a predecessor knew and that still have a process, so that they are known although none of them reads again.
    ///
    /// Goes once through all processes, of those with the same cgroups and pid namespace through one. For a thread that nobody waits for.
    func recall(while goesOn: () -> Bool) {
        guard records.count > 0, let names = try? host.proc.names() else { return }
        var text = InputText(capacity: 1024)
        var seen: Set<Whereabouts> = []
        for name in names where goesOn() {
            guard let pid = Int32(name), let namespace = try? host.proc.status("\(pid)/ns/pid").inode,
                (try? host.proc.read("\(pid)/cgroup", into: &text)) != nil,
                seen.insert(Whereabouts(namespace: namespace, cgroups: Array(text.bytes[text.range]))).inserted,
                let found = try? identify(process: pid), found.rule != .host
            else { continue }
            if records.startedAt(of: found.container.recordKey) != nil { _ = scope(ofProcess: pid) }
        }
    }
}

/// Where a process is, as far as it says whose it is.
private struct Whereabouts: Hashable {
    let namespace: UInt64
    /// The text of /proc/PID/cgroup.
    let cgroups: [UInt8]
}
