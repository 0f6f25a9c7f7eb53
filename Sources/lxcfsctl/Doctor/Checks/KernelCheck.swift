internal import LXCFSControl

/// The kernel, and what it lacks.
struct KernelCheck: Check {
    let name = "kernel"

    func examine(_ scene: Scene) -> [Finding] {
        let release = scene.host.text(of: "/proc/sys/kernel/osrelease").map { $0.split(separator: "\n").first.map(String.init) ?? "" }
        guard let features = scene.status?.features else {
            return [release.map { ok("Linux \($0)") } ?? note("The kernel does not tell its version")]
        }
        let missing = features.filter { !$0.isPresent }
        let present = features.count - missing.count
        return [ok("Linux \(release ?? "") has \(present) of the \(features.count) things that lxcfs makes use of")]
            + missing.map { note("\($0.name) is missing: \(Sentence.bare($0.meaning))") }
    }
}
