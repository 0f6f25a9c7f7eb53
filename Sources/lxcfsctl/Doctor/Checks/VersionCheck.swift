internal import LXCFSControl

/// Whether what runs is what is installed.
struct VersionCheck: Check {
    let name = "version"

    func examine(_ scene: Scene) -> [Finding] {
        guard let status = scene.status else { return [] }
        var findings: [Finding] = []
        // What else may be there is one of the daemon's own problems.
        if status.program.onDisk == .same { findings.append(ok("The daemon is the program that is installed as \(status.program.path)")) }
        if status.version != ProductVersion.current {
            findings.append(
                note("This is lxcfsctl \(ProductVersion.current), the daemon is lxcfs \(status.version)", remedy: "lxcfsctl reload"))
        }
        return findings
    }
}
