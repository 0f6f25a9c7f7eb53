internal import LXCFSControl

/// Whether what runs is what is installed.
struct VersionCheck: Check {
    let name = "version"

    func examine(_ scene: Scene) -> [Finding] {
        guard let status = scene.status else { return [] }
        var findings: [Finding] = []
        switch status.program.onDisk {
        case .same: findings.append(ok("The daemon is the program that is installed as \(status.program.path)"))
        case .replaced:
            findings.append(
                warning("Another program is installed as \(status.program.path) than the one that runs", remedy: "lxcfsctl reload"))
        case .missing:
            findings.append(
                warning(
                    "\(status.program.path), the program of the daemon, is not there: it could not be started again after a crash",
                    remedy: "apt-get install --reinstall lxcfs"))
        }
        if status.version != ProductVersion.current {
            findings.append(
                note("This is lxcfsctl \(ProductVersion.current), the daemon is lxcfs \(status.version)", remedy: "lxcfsctl reload"))
        }
        return findings
    }
}
