internal import ArgumentParser

/// Options of the C program that this one accepts and does not need.
struct CompatibilityOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "The daemon never leaves the foreground.")
    var foreground = false

    @Flag(name: [.customShort("l"), .customLong("enable-loadavg")], help: "/proc/loadavg is always the container's.")
    var enableLoadavg = false

    @Flag(name: .customShort("s"), help: "No meaning any more.")
    var singleThreaded = false

    @Flag(name: .customLong("enable-cfs"), help: "The CPU quota always counts, unless --cpu-count cpuset says otherwise.")
    var enableCFS = false

    @Flag(name: .customLong("enable-pidfd"), help: "Processes are always held by pidfd.")
    var enablePidfd = false

    @Flag(name: .customLong("enable-psi-poll"), help: "Triggers on /proc/pressure are not supported yet; reading is.")
    var enablePSIPoll = false

    @Flag(name: .customLong("enable-cgroup"), help: "The cgroup tree is there wherever it can be, unless --disable-cgroup is given.")
    var enableCgroup = false
}
