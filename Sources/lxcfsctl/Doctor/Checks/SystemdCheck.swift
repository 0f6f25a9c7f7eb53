internal import LinuxSystem

/// Whether systemd starts the daemon, and the way it should.
struct SystemdCheck: Check {
    let name = "systemd"

    /// What to do about a unit that is another's or an older one.
    static let newUnit = "install the unit of this lxcfs (Packaging/systemd/lxcfs.service); systemctl daemon-reload"

    func examine(_ scene: Scene) -> [Finding] {
        guard scene.hasSystemd else { return [note("systemd does not run here: nobody but lxcfs itself starts lxcfs again")] }
        let wanted = ["LoadState", "UnitFileState", "ActiveState", "Type", "FileDescriptorStoreMax", "FragmentPath", "Restart"]
        guard let result = scene.host.run("systemctl", ["show", "lxcfs.service", "--property=" + wanted.joined(separator: ",")]),
            result.succeeded
        else { return [note("systemctl does not tell how lxcfs.service is")] }
        return examine(SystemdCheck.properties(result.output), scene)
    }

    private func examine(_ unit: [String: String], _ scene: Scene) -> [Finding] {
        guard unit["LoadState"] == "loaded" else {
            return [note("There is no lxcfs.service (\(unit["LoadState"] ?? "unknown")): see Documentation/systemd.md")]
        }
        var findings: [Finding] = []
        let path = unit["FragmentPath"] ?? "lxcfs.service"
        if unit["UnitFileState"] != "enabled" {
            findings.append(
                warning(
                    "lxcfs.service is \(unit["UnitFileState"] ?? "not enabled"): it will not run after a reboot",
                    remedy: "systemctl enable lxcfs"))
        }
        if unit["ActiveState"] != "active", scene.status != nil {
            findings.append(note("The daemon that runs is not systemd's: lxcfs.service is \(unit["ActiveState"] ?? "unknown")"))
        }
        if !(unit["Type"] ?? "").hasPrefix("notify") {
            findings.append(
                warning(
                    "\(path) has Type=\(unit["Type"] ?? ""): containers may be started before lxcfs is ready",
                    remedy: SystemdCheck.newUnit))
        }
        if (unit["FileDescriptorStoreMax"].flatMap { Int($0) } ?? 0) < 2 {
            findings.append(
                warning(
                    "\(path) has no FileDescriptorStoreMax=: a restart leaves the mounts of all running containers dead",
                    remedy: SystemdCheck.newUnit))
        }
        return findings.isEmpty ? [ok("lxcfs.service is enabled, and \(unit["ActiveState"] ?? "")")] : findings
    }

    private static func properties(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let end = line.firstIndex(of: "=") else { continue }
            found[String(line[..<end])] = String(line[line.index(after: end)...])
        }
        return found
    }
}
