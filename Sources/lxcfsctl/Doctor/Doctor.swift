/// All that `lxcfsctl doctor` looks at, in the order in which it is told.
enum Doctor {
    static let checks: [any Check] = [
        DaemonCheck(), VersionCheck(), KernelCheck(), FUSECheck(), MountCheck(), OtherMountsCheck(), LeftoversCheck(), ContainersCheck(),
        SocketCheck(), CgroupCheck(), CgroupTreeCheck(), SwapCheck(), RuntimesCheck(), SystemdCheck(), LimitsCheck(), SecurityCheck(),
    ]

    /// What all of them find.
    static func findings(_ scene: Scene) -> [Finding] { checks.flatMap { $0.examine(scene) } }
}
