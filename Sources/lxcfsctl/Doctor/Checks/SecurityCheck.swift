/// What the security modules may have against it.
struct SecurityCheck: Check {
    let name = "security"

    func examine(_ scene: Scene) -> [Finding] {
        var findings: [Finding] = []
        if scene.host.text(of: "/sys/fs/selinux/enforce")?.hasPrefix("1") == true {
            let isAllowed = scene.host.text(of: "/sys/fs/selinux/booleans/virt_sandbox_use_fusefs")?.hasPrefix("1") == true
            findings.append(
                isAllowed
                    ? ok("SELinux lets containers read FUSE file systems")
                    : warning(
                        "SELinux is enforcing, and may keep containers from reading FUSE file systems",
                        remedy: "setsebool -P virt_sandbox_use_fusefs 1"))
        }
        if scene.host.text(of: "/sys/module/apparmor/parameters/enabled")?.hasPrefix("Y") == true {
            findings.append(note("AppArmor is on: a profile of your own must let containers read /proc/* and /sys/devices/system/*"))
        }
        return findings
    }
}
