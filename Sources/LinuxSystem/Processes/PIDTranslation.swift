internal import CLinux
internal import Glibc
internal import ProcText
package import SystemPackage

/// Between the pids of this process's pid namespace and those of another, pid_namespaces(7). A pid here is that of a thread, gettid(2): that of a process
/// is its first thread's.
package struct PIDTranslation: ~Copyable {
    /// Whether it is this process's own namespace.
    package let isIdentity: Bool
    private let namespace: PIDNamespaceDescriptor
    private let proc: Directory
    /// How many namespaces lie between: 0 for this process's own, 1 for one that was made in it.
    private let depth: Int
    private let isKnownToKernel: Bool

    /// - Parameters:
    ///   - tid: a thread in the other namespace, which is this process's own or one below it.
    ///   - proc: the procfs of this process's pid namespace.
    /// - Throws: EXDEV where the namespace is not below this process's own.
    package init(namespaceOfThread tid: Int32, proc: Directory) throws(Errno) {
        let own = try proc.status("self/ns/pid").inode
        let found = try PIDNamespaceDescriptor(ofProcess: tid, proc: proc)
        guard let depth = PIDTranslation.depth(of: found.inode, found.parent(), below: own) else { throw .improperLink }
        self.depth = depth
        isIdentity = depth == 0
        isKnownToKernel = found.translatesPIDs
        namespace = found
        self.proc = proc
    }

    /// The pid here of the thread that has this pid there; `nil` where there is none.
    package func own(_ pid: Int32) -> Int32? { isKnownToKernel ? ownByKernel(pid) : ownByStatus(pid) }

    /// The pid there of the thread that has this pid here; `nil` where there is none, or it is not visible there.
    package func foreign(_ pid: Int32) -> Int32? { isKnownToKernel ? foreignByKernel(pid) : foreignByStatus(pid) }

    /// `own` by ioctl NS_GET_PID_FROM_PIDNS, Linux 6.12.
    package func ownByKernel(_ pid: Int32) -> Int32? { pid > 0 ? namespace.ownPID(ofForeign: pid) : nil }

    /// `foreign` by ioctl NS_GET_PID_IN_PIDNS, Linux 6.12.
    package func foreignByKernel(_ pid: Int32) -> Int32? { pid > 0 ? namespace.foreignPID(ofOwn: pid) : nil }

    /// `own` by the `NSpid:` of every thread, so that both ways can be tested on one kernel.
    package func ownByStatus(_ pid: Int32) -> Int32? {
        guard pid > 0 else { return nil }
        var text = InputText(capacity: 4096)
        for process in (try? proc.names())?.compactMap({ Int32($0) }) ?? [] {
            // The threads of a process are in one namespace.
            guard let pids = pids(of: process, &text), pids.count > depth else { continue }
            if pids[depth] == pid, isInNamespace(process, levels: pids.count) { return process }
            for thread in (try? proc.names(in: "\(process)/task"))?.compactMap({ Int32($0) }) ?? [] where thread != process {
                guard let pids = self.pids(of: thread, &text), pids.count > depth, pids[depth] == pid else { continue }
                if isInNamespace(thread, levels: pids.count) { return thread }
            }
        }
        return nil
    }

    /// `foreign` by its `NSpid:`.
    package func foreignByStatus(_ pid: Int32) -> Int32? {
        guard pid > 0 else { return nil }
        var text = InputText(capacity: 4096)
        guard let pids = pids(of: pid, &text), pids.count > depth, isInNamespace(pid, levels: pids.count) else { return nil }
        return pids[depth]
    }

    /// The pids of a thread from this process's namespace down to its own.
    private func pids(of tid: Int32, _ text: inout InputText) -> [Int32]? {
        guard (try? proc.read("\(tid)/status", into: &text, isSingleRecord: true)) != nil, var line = text.line(after: "NSpid:") else {
            return nil
        }
        var pids: [Int32] = []
        while let pid = line.decimal() { pids.append(Int32(clamping: pid)) }
        return pids
    }

    /// Whether a thread is in the namespace or below it.
    /// - Parameter levels: of how many namespaces, from this process's own on, it has pids.
    private func isInNamespace(_ tid: Int32, levels: Int) -> Bool {
        guard var found = try? PIDNamespaceDescriptor(ofProcess: tid, proc: proc) else { return false }
        for _ in depth..<max(depth, levels - 1) {
            guard let parent = found.parent() else { return false }
            found = parent
        }
        return found.inode == namespace.inode
    }

    private static func depth(of inode: UInt64, _ parent: consuming PIDNamespaceDescriptor?, below own: UInt64) -> Int? {
        if inode == own { return 0 }
        var depth = 1
        // The kernel nests 32 of them.
        while let found = parent.take() {
            if found.inode == own { return depth }
            depth += 1
            parent = found.parent()
        }
        return nil
    }
}
