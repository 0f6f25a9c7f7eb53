/// What a container was shown and must not be taken back, by the number that a successor knows it by.
package enum Accumulator: Int, Sendable, CaseIterable {
    /// `CPUTimesHistory`.
    case cpuTimes = 0
    /// `LoadAverages`.
    case load = 1
}

/// Keeps the accumulators of one container where they outlive this process.
package protocol AccumulatorStore: Sendable {
    /// Keeps `words` in the place of what was kept before, so that whoever takes over finds the one or the other, never a part of either.
    ///
    /// Called with the lock of the accumulator held, before anyone is shown what is kept; makes no system call. What cannot be kept is left out.
    func keep(_ words: [UInt64], as accumulator: Accumulator)
}
