extension Keeper {
    /// What it was told to do.
    struct Settings {
        var mountPoint: String
        /// The program on disk.
        var program: String
        /// What it was started with; the first is the program's name.
        var arguments: [String]
        /// A worker must be ready in this time, in nanoseconds.
        var startTimeout: UInt64
        /// A request that is unanswered this long is stuck, in seconds.
        var requestTimeout: UInt64
    }

    /// Where Swift's tools are installed, a crash would be described first, for seconds, while readers wait. Whoever wants that sets the variable.
    static var workerEnvironment: [String] {
        let environment = ServiceManager.childEnvironment
        return environment.contains { $0.hasPrefix("SWIFT_BACKTRACE=") } ? environment : environment + ["SWIFT_BACKTRACE=enable=no"]
    }

    static let second: UInt64 = 1_000_000_000
    static let shortestTick = second / 10
    /// How long an old worker may take to finish what it has before it is killed and its requests are processed again.
    static let drainTimeout = 5 * second
    /// How long a killed worker may take to die before it is replaced all the same: in an uninterruptible sleep it cannot, but does nothing either.
    static let deathTimeout = 2 * second
    /// How long a new program must have served before the keeper becomes it too.
    static let probation = 5 * second

    /// What the service manager is told.
    var status: String {
        let failure = state.reloadReason.isEmpty ? "" : "; the last reload failed: \(state.reloadReason)"
        return """
            serves \(settings.mountPoint), version \(Version.current), generation \(state[.owner]), \
            \(state[.reloads]) reloads, \(state[.crashes]) crashes survived\(failure)
            """
    }
}
